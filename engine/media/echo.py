"""Is what we hear the caller, or ourselves coming back?

Before: `engine.call.egress` says what was played, at the wire (a reference taken earlier runs seconds ahead);
`engine.call.ingress` what came in. After: `engine.dialogue.bargein`, which asks only when it is about to hold the bot.

An echo is one delayed, attenuated copy of what was played. So the likeness is the share of the inbound energy that the
best single copy explains: the squared peak of the normalised cross-correlation, over all delays up to a second. Both
sides are pre-emphasised first: without it the low harmonics of any two voices of the same pitch look alike.
Someone speaking over an echo adds energy that no copy explains: double talk is speech.
"""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_BYTES, FRAME_MS, FRAME_SAMPLES, SILENCE_FRAME, samples_of

type Floats = NDArray[np.float32]

MEMORY_MS: Final = 1200
"""Delays up to this, less the inbound audio's own length, are found."""
_MEMORY_FRAMES: Final = MEMORY_MS // FRAME_MS
_FFT_SIZE: Final = _MEMORY_FRAMES * FRAME_SAMPLES
"""9,600, of small primes. No padding: a copy that lies within the memory does not wrap around."""
_EMPHASIS: Final = 0.95
_QUIET: Final = 1.0
"""Mean square below which there is nothing to compare."""


class EchoReference:
    """The last second of what was played to one caller."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque([SILENCE_FRAME] * _MEMORY_FRAMES, maxlen=_MEMORY_FRAMES)

    def played(self, frame: bytes) -> None:
        """A frame (320 bytes) has gone out; silence too, so that time is kept."""
        self._frames.append(frame)

    def likeness(self, recent_inbound: bytes) -> float:
        """0 (nothing of it was played) to 1 (an exact copy): how much of the last 100-200 ms heard, up to now, is echo.
        Its cost is an FFT of a second of audio: ask only when it matters. 0.0 if either side was silent."""
        heard = _emphasised(recent_inbound[-MEMORY_MS // 2 * FRAME_BYTES // FRAME_MS :])
        played = _emphasised(b"".join(self._frames))
        heard_energy = float(np.dot(heard, heard))
        if heard_energy < _QUIET * len(heard) or len(heard) < FRAME_SAMPLES:
            return 0.0
        spectrum = np.fft.rfft(played, _FFT_SIZE) * np.conj(np.fft.rfft(heard, _FFT_SIZE))
        shifts = len(played) - len(heard) + 1
        correlation = np.fft.irfft(spectrum, _FFT_SIZE)[:shifts]
        total = np.concatenate(([0.0], np.cumsum(np.square(played, dtype=np.float64))))
        played_energy = total[len(heard) :] - total[:shifts]
        # Silence that was played explains nothing; a floor keeps it from dividing by nothing.
        share = correlation**2 / (np.maximum(played_energy, _QUIET * len(heard)) * heard_energy)
        return float(min(1.0, share.max()))


def _emphasised(pcm: bytes) -> Floats:
    samples = samples_of(pcm).astype(np.float32)
    samples[1:] -= _EMPHASIS * samples[:-1]
    return samples
