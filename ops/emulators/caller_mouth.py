"""What a simulated caller sends: one frame a tick, speech while there is some and the room's silence otherwise."""

from collections import deque
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import numpy as np

from engine.audio import FRAME_BYTES, RATE, rms
from engine.media.resample import resample
from engine.wire.audiosocket import AudioSocketCodec
from engine.wire.events import Audio
from ops.emulators.caller_ears import STOPPED_AFTER, VOICED_RMS

_ROOM_FRAMES: Final = 50


@dataclass(frozen=True, slots=True)
class WireFrame:
    """20 ms as sent (`wire`) and as recorded (`pcm`, 8 kHz)."""

    wire: bytes
    pcm: bytes
    is_voiced: bool


class Mouth:
    """A queue of frames. `rate`: of the wire, 8 or 16 kHz. `noise_rms`: the room's noise between words; 0 is true
    silence."""

    def __init__(self, codec: AudioSocketCodec, *, rate: int = RATE, noise_rms: float = 0.0) -> None:
        self._codec = codec
        self._rate = rate
        self._queue: deque[WireFrame] = deque()
        self._room = cycle(self._frames(_room(noise_rms)))
        self.first_voiced_at: float | None = None
        """When the latest talk-spurt began."""
        self.last_voiced_at: float | None = None

    @property
    def is_talking(self) -> bool:
        return bool(self._queue)

    def queue(self, pcm: bytes) -> None:
        """Speech (8 kHz), sent from the next tick on, after what is already queued."""
        self._queue.extend(self._frames(pcm))

    def next_frame(self, now: float) -> WireFrame:
        """The frame to send now."""
        if not self._queue:
            return next(self._room)
        frame = self._queue.popleft()
        if frame.is_voiced:
            if self.last_voiced_at is None or now - self.last_voiced_at > STOPPED_AFTER:
                self.first_voiced_at = now
            self.last_voiced_at = now
        return frame

    def _frames(self, pcm: bytes) -> list[WireFrame]:
        padded = pcm.ljust(-(-len(pcm) // FRAME_BYTES) * FRAME_BYTES, b"\0")
        at_wire_rate = resample(padded, RATE, self._rate)
        wire_bytes = FRAME_BYTES * self._rate // RATE
        frames = []
        for n in range(len(padded) // FRAME_BYTES):
            part = padded[n * FRAME_BYTES : (n + 1) * FRAME_BYTES]
            audio = Audio(at_wire_rate[n * wire_bytes : (n + 1) * wire_bytes], self._rate)
            frames.append(WireFrame(self._codec.send(audio), part, rms(part) > VOICED_RMS))
        return frames


def _room(noise_rms: float) -> bytes:
    noise = np.random.default_rng(RATE).normal(0, noise_rms, _ROOM_FRAMES * FRAME_BYTES // 2)
    return noise.round().clip(-32768, 32767).astype("<i2").tobytes()
