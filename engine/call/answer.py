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
from engine.media.playout import Heard
from engine.speech.base import Synthesizer

type Say = Callable[[str], None]
type Script = Callable[[Reply, Say], Awaitable[None]]
"""Says the turn's sentences: the agent, or a fixed phrase. Everything said is also recorded in the reply."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How the turn went."""

    heard: str = ""
    """As written, whole words, in the order played."""
    heard_ms: float = 0.0
    interrupted: bool = False
    failure: VendorError | None = None

    @property
    def whole(self) -> bool:
        """It was made and heard to its end."""
        return bool(self.heard) and not self.interrupted and self.failure is None


class Answer:
    """Made for one turn, `run` once; `interrupt` and `fill` may be called meanwhile."""

    def __init__(self, number: int, reply: Reply, egress: Egress, synthesizer: Synthesizer) -> None:
        self._number = number
        self._reply = reply
        self._egress = egress
        self._utterance = Utterance(egress, synthesizer)
        self._scope = trio.CancelScope()
        self._failure: VendorError | None = None
        self.result = Answered()

    def interrupt(self) -> bool:
        """Stop everything, now: synchronous, so that the next frame out is silence. False: it was stopped before."""
        if self._scope.cancel_called:
            return False
        self._egress.playout.hold()
        self._scope.cancel()
        return True

    def fill(self, text: str, pcm: bytes) -> None:
        """Play a ready phrase while the answer is awaited, if the line is free."""
        self._utterance.fill(text, pcm)

    @property
    def plays_filler(self) -> bool:
        """Whether what is heard now, or was heard last, is a filler and not the answer."""
        begun = self._egress.playout.segments_begun
        return begun > 0 and self._utterance.fillers[begun - 1]

    @property
    def awaits_voice(self) -> bool:
        """Whether it is the synthesiser that keeps the caller waiting."""
        return self._utterance.awaits_voice

    async def run(self, script: Script) -> None:
        """Afterwards `result` holds how it went, also when the call is cancelled around us."""
        self._egress.playout.begin(self._number)
        try:
            with self._scope:
                await self._speak(script)
                await self._egress.wait_played()
        finally:
            heard = self._egress.flush()
            self._close_reply(heard)
            self.result = Answered(heard.text, heard.played_ms, self._scope.cancelled_caught, self._failure)

    async def _speak(self, script: Script) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._utterance.speak, name="speak")
                try:
                    await script(self._reply, self._utterance.say)
                except VendorError as error:
                    self._failure = error  # what it said before that is good: let it be heard
                self._utterance.done()
        except* VendorError as group:
            self._failure = _first(group)
            self._egress.playout.break_off()

    def _close_reply(self, heard: Heard) -> None:
        said: list[str] = []
        for segment, filler in zip(heard.segments, self._utterance.fillers, strict=True):
            if filler:
                self._reply.fixed(segment.text, before=len(said))
            else:
                said.append(segment.text)
        self._reply.close(said)


def _first(group: BaseExceptionGroup[VendorError]) -> VendorError:
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    assert isinstance(leaf, VendorError)
    return leaf
