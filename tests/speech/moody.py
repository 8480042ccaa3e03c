"""Speech vendors that are well or ill as they are told."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from engine.errors import RecognizerError, SynthesizerError
from engine.speech.base import RecognizerEvent, RecognizerStream, Transcript


class Ears:
    """`Recognizer` and its stream: `trouble` is `open`, `stream`, or nothing."""

    def __init__(self) -> None:
        self.trouble = ""
        self.opened = 0
        self.sent_seconds = 0.0

    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        self.opened += 1
        if self.trouble == "open":
            raise RecognizerError("ears", "refused")
        yield self

    def send_nowait(self, pcm: bytes) -> None:
        self.sent_seconds += len(pcm) / 16_000

    def finish_nowait(self) -> None:
        self.trouble = "finished"

    async def events(self) -> AsyncIterator[RecognizerEvent]:
        if self.trouble == "finished":
            return
        yield Transcript("так", is_final=True)
        raise RecognizerError("ears", "broken")


class DeafEars(Ears):
    async def events(self) -> AsyncIterator[RecognizerEvent]:
        raise RecognizerError("ears", "broken at once")
        yield


class Voice:
    """`Synthesizer` of two chunks; `trouble` is `open`, `first`, `second`, or nothing."""

    def __init__(self) -> None:
        self.trouble = ""
        self.asked = 0

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        self.asked += 1
        if self.trouble == "open":
            raise SynthesizerError("voice", "refused")
        async with aclosing(self._chunks()) as chunks:
            yield chunks

    async def _chunks(self) -> AsyncGenerator[bytes]:
        for chunk in ("first", "second"):
            if self.trouble == chunk:
                raise SynthesizerError("voice", f"no {chunk} chunk")
            yield b"\0\0"
