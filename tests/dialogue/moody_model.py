"""A language model that is well or ill as it is told."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from engine.dialogue.llm import Finished, ModelEvent, ModelRequest, TextDelta
from engine.errors import ModelError, UnreadableAnswer


class MoodyModel:
    """`trouble`: `open`, `stall` (after the first word), `unreadable`, or nothing."""

    def __init__(self) -> None:
        self.trouble = ""
        self.asked = 0

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        self.asked += 1
        if self.trouble == "open":
            raise ModelError("moody", "refused")
        yield self._events()

    async def _events(self) -> AsyncIterator[ModelEvent]:
        yield TextDelta("Так")
        if self.trouble == "stall":
            raise ModelError("moody", "stalled", retryable=True)
        if self.trouble == "unreadable":
            raise UnreadableAnswer("moody", "half a word")
        yield Finished("end_turn")
