"""Takes the silence out of a stream, sample-exactly, so that held and resumed speech is in one piece again.

A player holds an utterance by sending whole frames of silence. Where those do not fall on our own window boundaries,
one window ends in silence and a later one begins with it; since whole frames were put in, the two are complements and
their sum is the window that was split.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_BYTES, Samples, samples_of

type Reals = NDArray[np.float32]

_SILENT_RMS: Final = 64.0
"""Below it a window is silence or comfort noise; a subtitle alone has about 300."""
_QUIET_PEAK: Final = 120
_EDGE_SAMPLES: Final = 4
_MISMATCH: Final = 16
"""Samples by which the two halves of a window may seem to overlap or fall short: a tone passes through zero."""
_SILENT_ENERGY: Final = _SILENT_RMS**2 * (FRAME_BYTES // 2)


@dataclass(slots=True)
class SilenceSkipper:
    """Cuts a stream into 20 ms windows. `silent`: silent windows in a row; `pause`: how many came before the window
    just yielded."""

    silent: int = 0
    pause: int = 0
    _pending: bytes = b""
    _held: bytes = b""
    """A window that ended in silence and waits for its other half."""

    def push(self, pcm: bytes) -> Iterator[bytes]:
        """For every full window its 320 bytes, or empty bytes if there is nothing to read in it (yet)."""
        data = self._pending + pcm
        whole = len(data) // FRAME_BYTES * FRAME_BYTES
        self._pending = data[whole:]
        for start in range(0, whole, FRAME_BYTES):
            yield self._take(data[start : start + FRAME_BYTES])

    def release(self) -> bytes:
        """Give up waiting for the other half of a window."""
        held, self._held = self._held, b""
        return held

    def _take(self, window: bytes) -> bytes:
        values = samples_of(window).astype(np.float32)
        if float(values.dot(values)) < _SILENT_ENERGY:
            self.silent += 1
            return b""
        self.pause, self.silent = self.silent, 0
        if self._held:
            held = self.release()
            if abs(_sounding_samples(samples_of(held)) - _quiet_samples(values)) <= _MISMATCH:
                return (samples_of(held) + samples_of(window)).tobytes()
            return held + window
        if _sounding_samples(values) < len(values) - _EDGE_SAMPLES:
            self._held = window
            return b""
        return window


def _sounding_samples(values: Reals | Samples) -> int:
    """How many there are up to the last one that is not quiet."""
    return len(values) - _quiet_samples(values[::-1])


def _quiet_samples(values: Reals | Samples) -> int:
    """How many quiet ones it begins with."""
    loud = np.abs(values) >= _QUIET_PEAK
    return int(loud.argmax()) if loud.any() else len(values)
