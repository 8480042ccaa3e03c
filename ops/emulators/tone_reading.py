"""From samples to subtitle symbols: which of the sixteen tones a frame holds, and where a preamble begins.

A whole window correlated with all tones gives sixteen energies; `purity` is the share of the largest ones. The voice
below 2.5 kHz is kept out by differencing twice, which is folded into the correlators.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_SAMPLES, RATE, Samples
from ops.emulators.subtitles import LOWEST_HZ, PREAMBLE, STEP_HZ, TONES

type Reals = NDArray[np.float32]

HOP: Final = 8
"""Samples between the positions tried for a preamble: 1/20 of a symbol."""
_HOPS: Final = FRAME_SAMPLES // HOP
PREAMBLE_SAMPLES: Final = len(PREAMBLE) * FRAME_SAMPLES
_PREAMBLE_PURITY: Final = 0.5
_SYMBOL_PURITY: Final = 0.4
_TONE_PURITY: Final = 0.7


def _waves(start: int, stop: int) -> Reals:
    """(samples, 2 x tones): cosines, then sines."""
    phase = 2 * np.pi * np.outer(np.arange(start, stop), LOWEST_HZ + STEP_HZ * np.arange(TONES)) / RATE
    return np.hstack((np.cos(phase), np.sin(phase))).astype(np.float32)


def _correlators() -> Reals:
    """(160, 32): second difference and correlation in one matrix."""
    difference = np.diff(np.eye(FRAME_SAMPLES, dtype=np.float32), n=2, axis=0)
    return np.ascontiguousarray(difference.T @ _waves(0, FRAME_SAMPLES - 2))


_CORRELATORS: Final = _correlators()
_BLOCKS: Final = _waves(0, FRAME_SAMPLES).reshape(_HOPS, HOP, 2 * TONES)
"""All tones are periodic in a frame, so blocks 20 apart share one."""


def _energies(correlations: Reals) -> Reals:
    """(n, 32) -> (n, 16)."""
    energies: Reals = correlations[:, :TONES] ** 2 + correlations[:, TONES:] ** 2
    return energies


def read_symbols(samples: Samples) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The symbols of whole windows (160 n samples -> n), and which of them are pure enough to believe."""
    energies = _energies(samples.reshape(-1, FRAME_SAMPLES).astype(np.float32) @ _CORRELATORS)
    best = energies.argmax(axis=1).astype(np.uint8)
    return best, energies.max(axis=1) > _SYMBOL_PURITY * (energies.sum(axis=1) + 1)


@dataclass(frozen=True, slots=True)
class Search:
    """`preamble_at`: where one begins (samples), or None. `searched`: samples before which none can begin.
    `toned`: windows before there that hold a tone nobody will read."""

    preamble_at: int | None
    searched: int
    toned: int


def find_preamble(samples: Samples) -> Search:
    """The first preamble, at its best position to within `HOP`. One whose end is less than a frame before the end of
    the audio is left for the next search: a better position may follow."""
    energies = _sliding_energies(samples)
    candidates = len(energies) - (len(PREAMBLE) - 1) * _HOPS
    if candidates <= 0:
        return Search(None, 0, 0)
    purity = energies / (energies.sum(axis=1, keepdims=True) + 1)
    scores = np.min(
        [purity[n * _HOPS : n * _HOPS + candidates, symbol] for n, symbol in enumerate(PREAMBLE)],
        axis=0,
    )
    searched = max(candidates - _HOPS, 0)
    good = np.flatnonzero(scores[:searched] > _PREAMBLE_PURITY)
    if not len(good):
        return Search(None, searched * HOP, _toned(purity[:searched]))
    best = int(good[0]) + int(scores[good[0] : good[0] + _HOPS].argmax())
    return Search(best * HOP, best * HOP, _toned(purity[: max(best - _HOPS, 0)]))


def _sliding_energies(samples: Samples) -> Reals:
    """(positions, 16): the energies of the window that begins at each hop."""
    emphasised = np.diff(samples.astype(np.float32), n=2)
    frames = len(emphasised) // FRAME_SAMPLES
    hops = len(emphasised) // HOP
    padded = np.zeros((frames + 1) * FRAME_SAMPLES, np.float32)
    padded[: len(emphasised)] = emphasised
    blocks = np.einsum("fhs,hst->fht", padded.reshape(frames + 1, _HOPS, HOP), _BLOCKS, optimize=True)
    sums = np.zeros((hops + 1, 2 * TONES), np.float32)
    np.cumsum(blocks.reshape(-1, 2 * TONES)[:hops], axis=0, out=sums[1:])
    return _energies(sums[_HOPS:] - sums[:-_HOPS]) if hops >= _HOPS else np.zeros((0, TONES), np.float32)


def _toned(purity: Reals) -> int:
    """How many windows, one a frame, hold tones: at a wrong phase two neighbours share a window."""
    two_best = np.partition(purity[::_HOPS], TONES - 2, axis=1)[:, TONES - 2 :]
    return int(np.count_nonzero(two_best.sum(axis=1) > _TONE_PURITY))
