"""Sample rate conversion at the edge of the engine: between a wire's rate and the 8 kHz inside.

`StreamResampler` is a polyphase FIR in numpy, because a stream must not wait: soxr's streams hold back 15 to 115 ms,
this one the 2.5 ms of its filter. `resample` is soxr, for audio that is there as a whole.

How: with target/source = up/down in lowest terms, output n is the input filtered around n * down / up. Every `down`
inputs give exactly `up` outputs, always with the same weights, so a block of them is one row times one matrix, and a
20 ms frame is one small matrix product. Counts are exact: nothing drifts. Blocks are up to 16 samples long (2 ms or
less), except at 44.1 kHz (10 ms); 20 ms are always whole blocks, other chunks leave up to a block for the next call.
"""

from functools import cache
from math import gcd
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

type Floats = NDArray[np.float32]

RATES: Final = (8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000)
"""What wires speak; other pairs work as well."""

_SPAN_SECONDS: Final = 0.005
"""Length of the filter for the lower rate 8 kHz: 40 of its samples."""
_CUTOFF: Final = 0.47
"""-6 dB point as a share of the lower rate: 3,760 Hz of 8,000. Flat to 3,400 Hz, 60 dB down from 4,120 Hz."""
_KAISER_BETA: Final = 5.65
"""60 dB of stop band."""
_BLOCK_SAMPLES: Final = 16
"""Blocks shorter than this are joined: fewer, longer rows cost less to line up."""


class StreamResampler:
    """Converts one stream of 16-bit mono PCM. Adds 2.5 ms of delay when the lower rate is 8 kHz, less otherwise."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self._is_identity = source_rate == target_rate
        self._weights, self._down = _weights(source_rate, target_rate)
        self._span = len(self._weights)
        # What lies before the first sample is silence.
        self._history: Floats = np.zeros(self._span - self._down, np.float32)

    def convert(self, pcm: bytes) -> bytes:
        """The output that `pcm` (any even length) makes possible; the rest stays for the next call."""
        if self._is_identity:
            return pcm
        held: Floats = np.concatenate((self._history, np.frombuffer(pcm, "<i2").astype(np.float32)))
        blocks = (len(held) - self._span) // self._down + 1
        self._history = held[blocks * self._down :]
        if blocks <= 0:
            self._history = held
            return b""
        windows = np.lib.stride_tricks.as_strided(
            held, (blocks, self._span), (self._down * held.itemsize, held.itemsize), writeable=False
        )
        filtered = np.ascontiguousarray(windows) @ self._weights
        return bytes(np.clip(np.rint(filtered, out=filtered), -32768, 32767, out=filtered).astype("<i2"))


def resample(pcm: bytes, source_rate: int, target_rate: int) -> bytes:
    """Convert a whole utterance of 16-bit mono PCM, without delay."""
    if source_rate == target_rate or not pcm:
        return pcm
    return bytes(soxr.resample(np.frombuffer(pcm, "<i2"), source_rate, target_rate).astype("<i2"))


@cache
def _weights(source_rate: int, target_rate: int) -> tuple[Floats, int]:
    """The matrix that turns a row of `span` inputs, of which the last `down` are new, into `up` outputs; and `down`."""
    common = gcd(source_rate, target_rate)
    longer = max(1, _BLOCK_SAMPLES * common // source_rate)
    up, down = longer * target_rate // common, longer * source_rate // common
    lower = min(source_rate, target_rate)
    half = _SPAN_SECONDS / 2 * 8_000 / lower * source_rate  # half the filter, in input samples
    taps = int(np.ceil(2 * half))
    span = taps + down
    # Output k of a block looks back from `centre`: the block's k-th instant, delayed by half the filter.
    centre = np.arange(up) * down / up + half
    distance = np.arange(span)[:, None] - centre[None, :]
    inside = np.abs(distance) <= half
    window = np.i0(_KAISER_BETA * np.sqrt(np.where(inside, 1 - (distance / half) ** 2, 0))) * inside
    weights = np.sinc(2 * _CUTOFF * lower / source_rate * distance) * window
    return (weights / weights.sum(axis=0)).astype(np.float32), down
