"""Caller to us: what happens to 20 ms of the caller's audio.

Before: a transport's sink. After: the recogniser (through `Chunker`) and the floor (who is speaking).
Everything here is synchronous; it runs when a frame arrives, and on each tick for frames that did not.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from engine.audio import FRAME_BYTES
from engine.call.chunker import Chunker
from engine.media.jitter import JitterBuffer
from engine.speech.base import RecognizerStream
from engine.wire.events import Audio, Closed, Digit, MediaEvent

_WAITING_BYTES: Final = 250 * FRAME_BYTES
"""Audio kept (5 s) while the recogniser is still opening."""
_RECENT_FRAMES: Final = 8
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

    def __init__(self, jitter: JitterBuffer, vad: VoiceDetector, has_unread: Callable[[], bool]) -> None:
        self.jitter = jitter
        self._has_unread = has_unread
        self._vad = vad
        self._chunker = Chunker()
        self._stream: RecognizerStream | None = None
        self._waiting = bytearray()
        self._recent: deque[bytes] = deque(maxlen=_RECENT_FRAMES)
        self._listener: CallerListener | None = None
        self.last_audio_at: float | None = None

    def report_to(self, listener: CallerListener | None) -> None:
        """None: the call is over, nobody listens any more."""
        self._listener = listener

    def attach(self, stream: RecognizerStream) -> None:
        """The recogniser is open: what waited goes first."""
        self._stream = stream
        if self._waiting:
            stream.send_nowait(bytes(self._waiting))
            self._waiting.clear()

    def sink(self, event: MediaEvent, now: float) -> None:
        """An `engine.transport.base.EventSink`."""
        if isinstance(event, Audio):  # 50 times a second a call
            self._on_audio(event, now)
        elif isinstance(event, Digit):
            self._on_digit(event, now)
        elif isinstance(event, Closed):
            self._on_closed(event, now)
        # The rest (who it is, a peer's error or goodbye) the transport logs and counts; `Closed` follows.

    def tick(self, now: float) -> None:
        """Process what the jitter buffer says is due though nothing arrived (concealment). Not what has arrived and
        waits, after a hold-up of our own: it must not be heard after its own invention."""
        if self.jitter.is_due(now) and not self._has_unread():
            self._drain(now)

    def recent_audio(self) -> bytes:
        """The last 160 ms heard."""
        return b"".join(self._recent)

    def _on_audio(self, event: Audio, now: float) -> None:
        self.last_audio_at = now
        if self.jitter.pass_through(event.pcm, now):
            self._process(event.pcm, now)
            return
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
            self._send(chunk)
        if self._listener is not None:
            self._listener.caller_voiced(voiced, now)

    def _send(self, chunk: bytes) -> None:
        if self._stream is not None:
            self._stream.send_nowait(chunk)
            return
        self._waiting += chunk
        del self._waiting[:-_WAITING_BYTES]

    def _on_digit(self, event: Digit, now: float) -> None:
        if self._listener is not None:
            self._listener.caller_pressed(event.digit, now)

    def _on_closed(self, event: Closed, now: float) -> None:
        if self._listener is not None:
            self._listener.caller_gone(event.reason)
