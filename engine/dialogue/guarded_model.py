"""The language model behind its circuit breaker: one that is ill is not asked, and admission sees that it is.

Before: `dialogue.agent`. After: the vendor's adapter. Models begin to answer and stall, so only a whole answer says
that one is well; an answer that is given up half-way says nothing.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from engine.breaker import Attempt, BreakerOpen, CircuitBreaker
from engine.dialogue.llm import Finished, LanguageModel, ModelEvent, ModelRequest
from engine.errors import ModelError, UnreadableAnswer


class GuardedModel:
    """`LanguageModel`. `breaker`'s illness: `ModelError`."""

    def __init__(self, model: LanguageModel, breaker: CircuitBreaker) -> None:
        self._model = model
        self._breaker = breaker

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        """See `LanguageModel.stream`."""
        try:
            attempt = self._breaker.attempt()
        except BreakerOpen as error:
            raise ModelError(self._breaker.name, "its circuit breaker is open") from error
        with attempt:
            try:
                async with self._model.stream(request) as events:
                    yield _GuardedAnswer(events, attempt)
            except ModelError as error:
                _tell(attempt, error)
                raise


class _GuardedAnswer:
    def __init__(self, events: AsyncIterator[ModelEvent], attempt: Attempt) -> None:
        self._events = events
        self._attempt = attempt

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelEvent:
        try:
            event = await anext(self._events)
        except ModelError as error:
            _tell(self._attempt, error)
            raise
        if isinstance(event, Finished):
            self._attempt.answered()
        return event


def _tell(attempt: Attempt, error: ModelError) -> None:
    """What cannot be read has been answered all the same."""
    if isinstance(error, UnreadableAnswer):
        attempt.answered()
    else:
        attempt.failed(error)
