"""What is heard in place of 20 ms that did not come: the last frame, fading over 60 ms, then silence.

Longer repetition sounds like a robot to people and like speech to a recogniser.
"""

from typing import Final

import numpy as np

from engine.audio import FRAME_SAMPLES, SILENCE_FRAME, samples_of

FADE_FRAMES: Final = 3
_FADE: Final = np.linspace(1.0, 0.0, FADE_FRAMES * FRAME_SAMPLES, dtype=np.float32).reshape(FADE_FRAMES, FRAME_SAMPLES)


class Concealment:
    """Remembers the last real frame; counts how long it has been repeated."""

    def __init__(self) -> None:
        self._last = SILENCE_FRAME
        self._repeated = FADE_FRAMES

    def heard(self, pcm: bytes) -> None:
        """A real frame (320 bytes) came."""
        self._last = pcm
        self._repeated = 0

    def next_frame(self) -> bytes:
        if self._repeated >= FADE_FRAMES:
            return SILENCE_FRAME
        faded = samples_of(self._last) * _FADE[self._repeated]
        self._repeated += 1
        return bytes(faded.astype("<i2"))
