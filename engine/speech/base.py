"""What the engine asks of speech vendors. Each vendor is one file that implements these.

A recogniser stream is fed from the media path, so its `*_nowait` verbs may not block; everything that waits is async.
Audio is `engine.audio` PCM (8 kHz, 16-bit, mono). Times in results are milliseconds of audio sent on that stream.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard: interim (may change) or final."""

    text: str
    is_final: bool
    end_ms: float = 0.0
    """Where in the stream's audio the result ends; 0 when the vendor does not say."""
    language: str | None = None
    """BCP-47, as the vendor reports it."""
    confidence: float | None = None
    """0 to 1, finals only."""
    stability: float | None = None
    """0 to 1, interims only."""


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """The vendor's own voice activity: speech began or ended."""

    started: bool
    at_ms: float


type RecognizerEvent = Transcript | SpeechActivity


class RecognizerStream(Protocol):
    """One open recognition stream. Iterate `events()` once; it raises `RecognizerError` when the stream breaks and ends
    quietly after `finish_nowait`."""

    @property
    def sent_seconds(self) -> float:
        """Audio sent to the vendor so far, which bills by it: also what had to be sent twice."""
        ...

    def send_nowait(self, pcm: bytes) -> None:
        """Queue audio, whole frames. Never blocks; silently dropped after the stream has ended."""
        ...

    def finish_nowait(self) -> None:
        """No more audio: the vendor flushes what it has and ends the stream."""
        ...

    def events(self) -> AsyncIterator[RecognizerEvent]: ...


class Recognizer(Protocol):
    """Opens recognition streams."""

    def stream(self, *, phrases: Sequence[str] = ()) -> AbstractAsyncContextManager[RecognizerStream]:
        """Open a stream; leaving the context cancels it. `phrases`: adaptation hints.
        Raises `RecognizerError` if it cannot be opened."""
        ...


class Synthesizer(Protocol):
    """Turns text into audio."""

    def synthesize(self, text: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Stream PCM for `text` (already verbalised) in chunks of any even length; leaving the context cancels.
        Raises `SynthesizerError` on opening or while iterating."""
        ...
