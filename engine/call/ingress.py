"""Caller to us: what happens to 20 ms of the caller's audio.

Before: a transport's sink. After: the recogniser (through `Chunker`) and the floor (who is speaking).
Everything here is synchronous; it runs when a frame arrives, and on each tick for frames that did not.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.audio import FRAME_BYTES
from engine.call.chunker import Chunker
from engine.media.jitter import JitterBuffer
from engine.speech.base import RecognizerStream
from engine.wire.events import Audio, Closed, Connected, Digit, MediaEvent, PeerError, Terminated

_WAITING_FRAMES = 250
"""Audio kept (5 s) while the recogniser is still opening."""
_RECENT_FRAMES = 8
"""Inbound audio kept for the echo check (160 ms)."""


class VoiceDetector(Protocol):
    """One caller's voice activity."""

    def process(self, frame: bytes) -> bool:
        """Take 20 ms (320 bytes); says whether they are voiced."""
        ...


class CallerListener(Protocol):
    """What ingress reports; all of it synchronous."""

    def caller_voiced(self, voiced: bool, now: float) -> None: ...
    def caller_pressed(self, digit: str, now: float) -> None: ...
    def caller_gone(self, reason: str) -> None: ...


class Ingress:
    """Takes media events in the order they arrive; `tick` lets time go on when none do."""

    def __init__(self, jitter: JitterBuffer, vad: VoiceDetector) -> None:
        self.jitter = jitter
        self._vad = vad
        self._chunker = Chunker()
        self._stream: RecognizerStream | None = None
        self._waiting: deque[bytes] = deque(maxlen=_WAITING_FRAMES)
        self._recent: deque[bytes] = deque(maxlen=_RECENT_FRAMES)
        self._listener: CallerListener | None = None
        self.last_audio_at: float | None = None
        self._events: dict[type, Callable[[MediaEvent, float], None]] = {
            Audio: self._on_audio,
            Digit: self._on_digit,
            Closed: self._on_closed,
            Terminated: _ignore,
            PeerError: _ignore,
            Connected: _ignore,
        }

    def report_to(self, listener: CallerListener) -> None:
        self._listener = listener

    def attach(self, stream: RecognizerStream) -> None:
        """The recogniser is open: what waited goes first."""
        self._stream = stream
        while self._waiting:
            stream.send_nowait(self._waiting.popleft())

    def sink(self, event: MediaEvent, now: float) -> None:
        """An `engine.transport.base.EventSink`."""
        self._events[type(event)](event, now)

    def tick(self, now: float) -> None:
        """Process what the jitter buffer says is due though nothing arrived (concealment)."""
        self._drain(now)

    def recent_audio(self) -> bytes:
        """The last 160 ms heard."""
        return b"".join(self._recent)

    def _on_audio(self, event: MediaEvent, now: float) -> None:
        assert isinstance(event, Audio)
        self.last_audio_at = now
        self.jitter.push(event.pcm, now)
        self._drain(now)

    def _drain(self, now: float) -> None:
        while (frame := self.jitter.pop(now)) is not None:
            self._process(frame.pcm, now)

    def _process(self, pcm: bytes, now: float) -> None:
        assert len(pcm) == FRAME_BYTES
        voiced = self._vad.process(pcm)
        self._recent.append(pcm)
        chunk = self._chunker.push(pcm, voiced)
        if chunk:
            if self._stream is None:
                self._waiting.append(chunk)
            else:
                self._stream.send_nowait(chunk)
        if self._listener is not None:
            self._listener.caller_voiced(voiced, now)

    def _on_digit(self, event: MediaEvent, now: float) -> None:
        assert isinstance(event, Digit)
        if self._listener is not None:
            self._listener.caller_pressed(event.digit, now)

    def _on_closed(self, event: MediaEvent, now: float) -> None:
        assert isinstance(event, Closed)
        if self._listener is not None:
            self._listener.caller_gone(event.reason)


def _ignore(event: MediaEvent, now: float) -> None:
    """Logged and counted by the transport; nothing for the call to do."""
