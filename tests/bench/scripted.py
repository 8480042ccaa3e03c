"""Scripted in-process providers with fixed delays (DESIGN §6), so that what is left is the engine's own time.

Recogniser: interim once 150 ms of speech are heard, final after 300 ms of silence, both in audio time. Model: first
token after 300 ms, then 50 tokens a second, three sentences. Synthesiser: first audio after 100 ms, then 8 times real
time. No two answers begin alike: a first sentence said before would come from the engine's phrase cache, and the
synthesiser's delay would be missing from the measured time.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from math import inf
from typing import Final

import numpy as np
import trio

from engine.audio import FRAME_BYTES, FRAME_MS, RATE, SILENCE_FRAME
from engine.config import Config
from engine.dialogue.llm import Finished, ModelEvent, ModelRequest, TextDelta, Usage
from engine.speech.base import RecognizerEvent, RecognizerStream, Transcript
from engine.warmup import Vendors

INTERIM_MS: Final = 150
FINAL_MS: Final = 300
FIRST_TOKEN_MS: Final = 300
TOKENS_PER_SECOND: Final = 50
FIRST_AUDIO_MS: Final = 100
TTS_SPEED: Final = 8
CHARACTERS_PER_SECOND: Final = 14
SENTENCES: Final = ("Так у нас є зимові Winter{}.", "Вони по дві тисячі гривень.", "Бажаєте замовити чотири?")
"""`{}`: the answer's number. The price is one the caller named, so that it may be said."""
FIRST_SENTENCE_TOKENS: Final = len(SENTENCES[0].split()) + 1
"""The next sentence's first word proves that the dot was an end."""
PROVIDERS_MS: Final = (
    FINAL_MS + FIRST_TOKEN_MS + (FIRST_SENTENCE_TOKENS - 1) * 1000 / TOKENS_PER_SECOND + FIRST_AUDIO_MS
)
"""The caller's last voiced frame to the first bot audio, if the engine took no time at all."""

_INTERIM_FRAMES: Final = -(-INTERIM_MS // FRAME_MS)
_FINAL_FRAMES: Final = FINAL_MS // FRAME_MS
_CHUNK_FRAMES: Final = 8
_LONGEST_SECONDS: Final = 20


class _ScriptedStream:
    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[RecognizerEvent](inf)
        self._voiced = 0
        self._silent = 0
        self.sent_seconds = 0.0

    def send_nowait(self, pcm: bytes) -> None:
        self.sent_seconds += len(pcm) / FRAME_BYTES * FRAME_MS / 1000
        for start in range(0, len(pcm), FRAME_BYTES):
            self._frame(pcm[start : start + FRAME_BYTES] != SILENCE_FRAME)

    def _frame(self, voiced: bool) -> None:
        if voiced:
            self._voiced += 1
            self._silent = 0
            if self._voiced == _INTERIM_FRAMES:
                self._send.send_nowait(Transcript("зимові шини", is_final=False))
        elif self._voiced:
            self._silent += 1
            if self._silent == _FINAL_FRAMES:
                self._voiced = 0
                self._send.send_nowait(Transcript("зимові шини по дві тисячі", is_final=True))

    def finish_nowait(self) -> None:
        self._send.close()

    async def events(self) -> AsyncIterator[RecognizerEvent]:
        async for event in self._receive:
            yield event


class ScriptedRecognizer:
    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        yield _ScriptedStream()


class ScriptedModel:
    def __init__(self) -> None:
        self._numbers = count(1)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        yield self._events(trio.current_time() + FIRST_TOKEN_MS / 1000)

    async def _events(self, first_at: float) -> AsyncIterator[ModelEvent]:
        words = " ".join(SENTENCES).format(next(self._numbers)).split()
        for index, word in enumerate(words):
            await trio.sleep_until(first_at + index / TOKENS_PER_SECOND)
            yield TextDelta(f" {word}" if index else word)
        yield Finished("end_turn", Usage(900, len(words), 800, 0))


class ScriptedSynthesizer:
    """A buzz of 14 characters a second; true speech is not needed to time frames."""

    def __init__(self) -> None:
        t = np.arange(RATE * _LONGEST_SECONDS) / RATE
        voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 12)) * (1.2 + np.sin(2 * np.pi * 4 * t))
        self._voice = (voice * 2500).astype("<i2").tobytes()
        self.completed_bytes = 0
        """Of texts spoken to their end: what the phrase cache may have kept."""

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        frames = int(len(text) / CHARACTERS_PER_SECOND * 1000 / FRAME_MS)
        yield self._chunks(self._voice[: frames * FRAME_BYTES])

    async def _chunks(self, pcm: bytes) -> AsyncIterator[bytes]:
        due = trio.current_time() + FIRST_AUDIO_MS / 1000
        for chunk in _pieces(pcm, _CHUNK_FRAMES * FRAME_BYTES):
            await trio.sleep_until(due)
            yield chunk
            due += _CHUNK_FRAMES * FRAME_MS / 1000 / TTS_SPEED
        self.completed_bytes += len(pcm)


def _pieces(pcm: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]


@asynccontextmanager
async def scripted_vendors(
    config: Config, *, synthesizer: ScriptedSynthesizer | None = None
) -> AsyncGenerator[Vendors]:
    """For `engine.server.serve(vendors=...)`."""
    yield Vendors(ScriptedRecognizer(), synthesizer or ScriptedSynthesizer(), ScriptedModel())
