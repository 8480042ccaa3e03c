"""Vendors that do what a script says, on virtual time."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Final

import trio

from engine.audio import FRAME_BYTES, FRAME_MS
from engine.dialogue.llm import Finished, ModelEvent, ModelRequest, TextDelta, ToolUse, Usage
from engine.errors import RecognizerError, SynthesizerError
from engine.speech.base import RecognizerEvent, RecognizerStream, Transcript
from tests.call.line import bot_audio

FIRST_TOKEN: Final = 0.3
FIRST_AUDIO: Final = 0.1
STALL: Final = inf

type Step = str | float | ToolUse | Exception
"""Text, a pause in seconds (`STALL`: for ever), a tool use, or a failure."""


class Ears:
    """`Recognizer` and its stream: the test says what is recognised, and when."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[RecognizerEvent | Exception | None](inf)
        self.audio = 0
        self.is_open = False

    def emit(self, text: str, *, is_final: bool) -> None:
        self._send.send_nowait(
            Transcript(text, is_final=is_final, language="uk-UA", confidence=0.9 if is_final else None)
        )

    def fail(self, error: Exception | None = None) -> None:
        self._send.send_nowait(error or RecognizerError("ears", "broken"))

    def end(self) -> None:
        """The stream ends as if it had been asked to."""
        self._send.send_nowait(None)

    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        self.is_open = True
        try:
            yield self
        finally:
            self.is_open = False

    @property
    def sent_seconds(self) -> float:
        return self.audio / FRAME_BYTES * FRAME_MS / 1000

    def send_nowait(self, pcm: bytes) -> None:
        self.audio += len(pcm)

    def finish_nowait(self) -> None:
        raise AssertionError("a call never finishes its stream")

    async def events(self) -> AsyncIterator[RecognizerEvent]:
        while (event := await self._receive.receive()) is not None:
            if isinstance(event, Exception):
                raise event
            yield event


class Voice:
    """`Synthesizer`: 14 characters a second, first audio after 100 ms, then eight times real time."""

    def __init__(self, texts: list[tuple[str, int]]) -> None:
        self._texts = texts
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.delay = FIRST_AUDIO
        self.trouble: Callable[[str], str] = lambda text: ""
        """For a text: `fails`, `breaks` (after some audio), `stalls`, `mute` (no audio at all), or nothing."""

    def frames_of(self, text: str) -> int:
        return max(10, len(text) * 1000 // 14 // FRAME_MS)

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        self.asked.append(text)
        try:
            yield self._chunks(text)
        except trio.Cancelled:
            self.cancelled.append(text)
            raise

    async def _chunks(self, text: str) -> AsyncIterator[bytes]:
        trouble = self.trouble(text)
        if trouble == "fails":
            raise SynthesizerError("voice", "refused")
        due = trio.current_time() + (STALL if trouble == "stalls" else self.delay)
        await trio.sleep_until(due)
        if trouble == "mute":
            return
        self._texts.append((text, self.frames_of(text)))
        pcm = bot_audio(len(self._texts) - 1, self.frames_of(text))
        size = 8 * FRAME_BYTES
        for start in range(0, len(pcm), size):
            await trio.sleep_until(due)
            yield pcm[start : start + size]
            if trouble == "breaks":
                raise SynthesizerError("voice", "broken off")
            due += FRAME_MS / 1000


class Model:
    """`LanguageModel`: each request takes the next answer; when there is none left, a plain one."""

    def __init__(self) -> None:
        self.answers: deque[Sequence[Step]] = deque()
        self.requests: list[ModelRequest] = []
        self.cancelled = 0
        self.open = 0

    def will_answer(self, *answers: Sequence[Step] | str) -> None:
        self.answers.extend([answer] if isinstance(answer, str) else answer for answer in answers)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        self.requests.append(request)
        self.open += 1
        try:
            yield self._events(self.answers.popleft() if self.answers else ["Гаразд."])
        except trio.Cancelled:
            self.cancelled += 1
            raise
        finally:
            self.open -= 1

    async def _events(self, steps: Iterable[Step]) -> AsyncIterator[ModelEvent]:
        stop_reason = "end_turn"
        await trio.sleep(FIRST_TOKEN)
        for step in steps:
            match step:
                case str():
                    yield TextDelta(step)
                case ToolUse():
                    stop_reason = "tool_use"
                    yield step
                case Exception():
                    raise step
                case _:
                    await trio.sleep(step)
        yield Finished(stop_reason, Usage(100, 10))
