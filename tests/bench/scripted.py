"""Scripted in-process providers with fixed delays (DESIGN §6), so that what is left is the engine's own time.

Recogniser: interim after 150 ms of speech, final after 300 ms of silence, both in audio time. Model: first token after
300 ms, then 50 tokens a second, three sentences. Synthesiser: first audio after 100 ms, then 8 times real time.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from math import inf

import numpy as np
import trio

from engine.audio import FRAME_BYTES, FRAME_MS, RATE, SILENCE_FRAME
from engine.config import Config
from engine.dialogue.llm import Finished, ModelEvent, ModelRequest, TextDelta, Usage
from engine.server import Vendors
from engine.speech.base import RecognizerEvent, RecognizerStream, Transcript

INTERIM_MS = 150
FINAL_MS = 300
FIRST_TOKEN_MS = 300
TOKENS_PER_SECOND = 50
FIRST_AUDIO_MS = 100
TTS_SPEED = 8
TOKENS = tuple(
    "Так є зимові шини у потрібному вам розмірі.| Найдешевша з них коштує дві тисячі гривень за штуку.|"
    " Бажаєте замовити чотири штуки просто зараз?".replace("|", "")
    .replace(" ", "| ")
    .split("|")
)
FIRST_SENTENCE_TOKENS = 9
"""The eighth word ends the first sentence; the ninth proves it."""
PROVIDERS_MS = (
    FINAL_MS + FIRST_TOKEN_MS + (FIRST_SENTENCE_TOKENS - 1) * 1000 / TOKENS_PER_SECOND + FIRST_AUDIO_MS
)  # fmt: skip
"""The caller's last voiced frame to the first bot audio, if the engine took no time at all."""


class _ScriptedStream:
    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[RecognizerEvent](inf)
        self._voiced = 0
        self._silent = 0

    def send_nowait(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), FRAME_BYTES):
            self._frame(pcm[start : start + FRAME_BYTES] != SILENCE_FRAME)

    def _frame(self, voiced: bool) -> None:
        if voiced:
            self._voiced += FRAME_MS
            self._silent = 0
            if self._voiced in (INTERIM_MS // FRAME_MS * FRAME_MS, INTERIM_MS // FRAME_MS * FRAME_MS * 5):
                self._send.send_nowait(Transcript("зимові шини", is_final=False))
        elif self._voiced:
            self._silent += FRAME_MS
            if self._silent >= FINAL_MS:
                self._voiced = 0
                self._send.send_nowait(Transcript("зимові шини на камрі", is_final=True))

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
    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[AsyncIterator[ModelEvent]]:
        yield self._events(trio.current_time() + FIRST_TOKEN_MS / 1000)

    async def _events(self, first_at: float) -> AsyncIterator[ModelEvent]:
        for index, token in enumerate(TOKENS):
            await trio.sleep_until(first_at + index / TOKENS_PER_SECOND)
            yield TextDelta(token)
        yield Finished("end_turn", Usage(900, len(TOKENS), 800, 0))


class ScriptedSynthesizer:
    """A buzz of 14 characters a second; true speech is not needed to time frames."""

    def __init__(self) -> None:
        t = np.arange(RATE * 20) / RATE
        voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 12)) * (1.2 + np.sin(2 * np.pi * 4 * t))
        self._voice = (voice * 2500).astype("<i2").tobytes()

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        yield self._chunks(self._voice[: int(len(text) / 14 * 50) * FRAME_BYTES])

    async def _chunks(self, pcm: bytes) -> AsyncIterator[bytes]:
        due = trio.current_time() + FIRST_AUDIO_MS / 1000
        for chunk in _pieces(pcm, 8 * FRAME_BYTES):
            await trio.sleep_until(due)
            yield chunk
            due += 8 * FRAME_MS / 1000 / TTS_SPEED


def _pieces(pcm: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]


@asynccontextmanager
async def scripted_vendors(config: Config) -> AsyncGenerator[Vendors]:
    """For `engine.server.serve(vendors=...)`."""
    yield Vendors(ScriptedRecognizer(), ScriptedSynthesizer(), ScriptedModel())
