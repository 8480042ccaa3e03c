"""Speech vendors behind their circuit breakers: one that is ill is not asked, and admission sees that it is.

Before: the phrase cache, the continuous recogniser. After: the vendor's adapter. A vendor is well once it has given a
first result, which a stream shows long before its end; it is ill if it fails before that.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from engine.breaker import Attempt, BreakerOpen, CircuitBreaker
from engine.errors import RecognizerError, SynthesizerError
from engine.speech.base import Recognizer, RecognizerEvent, RecognizerStream, Synthesizer


class GuardedRecognizer:
    """`Recognizer`. `breaker`'s illness: `RecognizerError`."""

    def __init__(self, recognizer: Recognizer, breaker: CircuitBreaker) -> None:
        self._recognizer = recognizer
        self._breaker = breaker

    @asynccontextmanager
    async def stream(self, *, phrases: Sequence[str] = ()) -> AsyncGenerator[RecognizerStream]:
        """See `Recognizer.stream`."""
        try:
            attempt = self._breaker.attempt()
        except BreakerOpen as error:
            raise RecognizerError(self._breaker.name, "its circuit breaker is open") from error
        with attempt:
            try:
                async with self._recognizer.stream(phrases=phrases) as stream:
                    yield _GuardedStream(stream, attempt)
            except RecognizerError as error:
                attempt.failed(error)
                raise


class _GuardedStream:
    """`RecognizerStream`, and the iterator over its events."""

    def __init__(self, stream: RecognizerStream, attempt: Attempt) -> None:
        self._stream = stream
        self._attempt = attempt
        self._events = stream.events()
        self._finished = False

    @property
    def sent_seconds(self) -> float:
        return self._stream.sent_seconds

    def send_nowait(self, pcm: bytes) -> None:
        self._stream.send_nowait(pcm)

    def finish_nowait(self) -> None:
        self._finished = True
        self._stream.finish_nowait()

    def events(self) -> AsyncIterator[RecognizerEvent]:
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecognizerEvent:
        try:
            event = await anext(self._events)
        except RecognizerError as error:
            self._attempt.failed(error)
            raise
        except StopAsyncIteration:
            if self._finished:  # nothing was said, and the vendor ended the stream as it was asked to
                self._attempt.answered()
            raise
        self._attempt.answered()
        return event


class GuardedSynthesizer:
    """`Synthesizer`. `breaker`'s illness: `SynthesizerError`."""

    def __init__(self, synthesizer: Synthesizer, breaker: CircuitBreaker) -> None:
        self._synthesizer = synthesizer
        self._breaker = breaker

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        """See `Synthesizer.synthesize`."""
        try:
            attempt = self._breaker.attempt()
        except BreakerOpen as error:
            raise SynthesizerError(self._breaker.name, "its circuit breaker is open") from error
        with attempt:
            try:
                async with self._synthesizer.synthesize(text) as chunks:
                    yield _GuardedAudio(chunks, attempt)
            except SynthesizerError as error:
                attempt.failed(error)
                raise


class _GuardedAudio:
    """The chunks of one sentence."""

    def __init__(self, chunks: AsyncIterator[bytes], attempt: Attempt) -> None:
        self._chunks = chunks
        self._attempt = attempt

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except SynthesizerError as error:
            self._attempt.failed(error)
            raise
        self._attempt.answered()
        return chunk
