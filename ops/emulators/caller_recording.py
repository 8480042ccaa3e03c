"""A stereo recording of a simulated call: the caller on the left, the bot on the right, both on the caller's clock.

For ears and for finding faults, of emulated calls only: the engine itself stores no audio anywhere.
"""

import wave
from pathlib import Path

import numpy as np

from engine.audio import FRAME_BYTES, RATE, SILENCE_FRAME, samples_of
from engine.media.resample import resample


class Recording:
    """`hear` what arrives, `tick` with each frame sent."""

    def __init__(self) -> None:
        self._left = bytearray()
        self._right = bytearray()
        self._heard = bytearray()

    def hear(self, pcm: bytes) -> None:
        self._heard += pcm

    def tick(self, sent: bytes) -> None:
        """One frame sent; what was heard meanwhile goes beside it."""
        self._left += sent
        heard = bytes(self._heard[:FRAME_BYTES])
        del self._heard[:FRAME_BYTES]
        self._right += heard + SILENCE_FRAME[len(heard) :]

    def write_wav(self, path: Path) -> None:
        """8 kHz, 16-bit, two channels. Raises OSError."""
        stereo = np.column_stack((samples_of(bytes(self._left)), samples_of(bytes(self._right))))
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(stereo.tobytes())


def read_wav(path: Path) -> bytes:
    """A recorded caller as 8 kHz PCM, first channel only. Raises OSError, wave.Error, or ValueError if not 16-bit."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: 16-bit samples are needed")
        samples = samples_of(file.readframes(file.getnframes())).reshape(-1, file.getnchannels())
        return resample(samples[:, 0].tobytes(), file.getframerate(), RATE)
