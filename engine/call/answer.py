"""One turn of the bot: a script's sentences spoken to their end, or until interrupted.

One cancel scope holds the model, the tools and the synthesiser, so an interruption stops all of them at once. What was
heard is read from playout, and only that stays in history. A mutating tool is shielded below us: its outcome is on
record before the cancellation goes on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from engine.call.egress import Egress
from engine.call.voice import Utterance
from engine.dialogue.reply import Reply
from engine.errors import VendorError
from engine.speech.base import Synthesizer

type Say = Callable[[str], None]
type Script = Callable[[Reply, Say], Awaitable[None]]
"""Says the turn's sentences: the agent, or a fixed phrase. Everything said is also recorded in the reply."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How the turn went."""

    heard: str
    """As written, whole words, in the order played."""
    heard_ms: float
    interrupted: bool
    failure: VendorError | None


class Answer:
    """Made for one turn, `run` once; `interrupt` and `fill` may be called meanwhile."""

    def __init__(self, number: int, reply: Reply, egress: Egress, synthesizer: Synthesizer) -> None:
        self._reply = reply
        self._egress = egress
        self._utterance = Utterance(number, egress, synthesizer)
        self._scope = trio.CancelScope()
        self._failure: VendorError | None = None
        self.result = Answered(heard="", heard_ms=0.0, interrupted=False, failure=None)

    def interrupt(self) -> None:
        """Stop everything, now: synchronous, so that the next frame out is silence."""
        self._egress.playout.hold()
        self._scope.cancel()

    def fill(self, text: str, pcm: bytes) -> None:
        """Play a ready phrase while the answer is awaited, if the line is free."""
        self._utterance.fill(text, pcm)

    @property
    def only_filled(self) -> bool:
        """Whether the latest sentence queued was a filler."""
        return bool(self._utterance.fillers) and self._utterance.fillers[-1]

    async def run(self, script: Script) -> None:
        """Afterwards `result` holds how it went, also when the call is cancelled around us."""
        try:
            with self._scope:
                await self._speak(script)
                await self._egress.wait_played()
        finally:
            heard = self._egress.flush()
            self._close_reply([segment.text for segment in heard.segments])
            self.result = Answered(
                heard=" ".join(segment.text for segment in heard.segments if segment.text),
                heard_ms=heard.played_ms,
                interrupted=self._scope.cancelled_caught,
                failure=self._failure,
            )

    async def _speak(self, script: Script) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._utterance.speak, name="speak")
                await script(self._reply, self._utterance.say)
                self._utterance.done()
        except* VendorError as group:
            self._failure = _first(group)
            self._egress.playout.end()  # what is queued is good: let it be heard

    def _close_reply(self, heard: list[str]) -> None:
        said: list[str] = []
        for words, filler in zip(heard, self._utterance.fillers, strict=False):
            if filler:
                self._reply.fixed(words)
            else:
                said.append(words)
        self._reply.close(said)


def _first(group: BaseExceptionGroup[VendorError]) -> VendorError:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    assert isinstance(leaf, VendorError)
    return leaf
