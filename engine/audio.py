"""What audio is inside the engine: signed 16-bit little-endian mono PCM at 8 kHz, in frames of 20 ms.

8 kHz because the telephone network, Google and Asterisk's AudioSocket() all speak it: nothing is resampled on
the main road. A wire with another rate converts at its own edge (`engine.media.resample`).
"""

import audioop
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Samples = NDArray[np.int16]
"""One-dimensional, native int16."""

RATE: Final = 8_000
"""Samples per second."""
FRAME_MS: Final = 20
FRAME_SECONDS: Final = FRAME_MS / 1000
FRAME_SAMPLES: Final = RATE * FRAME_MS // 1000
FRAME_BYTES: Final = 2 * FRAME_SAMPLES
SILENCE_FRAME: Final = bytes(FRAME_BYTES)


def samples_of(pcm: bytes) -> Samples:
    """A read-only view of PCM bytes (2n bytes -> n samples)."""
    return np.frombuffer(pcm, dtype="<i2")


def rms(pcm: bytes) -> float:
    """Root mean square of the samples, 0 to 32767, in whole steps. Empty audio is silent. 0.4 us a frame."""
    return float(audioop.rms(pcm, 2))


def duration_ms(pcm: bytes) -> float:
    """Milliseconds of audio in PCM bytes at `RATE`."""
    return len(pcm) * 1000 / (2 * RATE)
