"""From what the callers noted to figures. Pure; in: seconds of one clock, out: milliseconds.

An outbound frame is late by how much later it came than the 20 ms grid says, where the grid is the earliest of the
call's last second: the first frame of an answer may be early and moves the grid, nothing moves it back. A frame is
missing when the grid moves later by a whole frame and stays there.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.audio import FRAME_SECONDS
from tests.bench.caller import QUIET_SECONDS, CallLog

GRID_FRAMES: Final = 50
_JUST_BEFORE: Final = 0.1
"""Seconds. Bot audio this soon before a moment: the bot was speaking at that moment."""

type Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    count: int
    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float] | Reals) -> "Spread":
        if not len(values):
            return cls(0, 0.0, 0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        return cls(len(values), float(p50), float(p95), float(p99), float(np.max(values)))


@dataclass(frozen=True, slots=True)
class LineFigures:
    """Of all calls together, within the window."""

    frames: int
    missing: int
    gaps: Spread
    lateness: Spread


def line_figures(logs: Iterable[CallLog], begin: float, end: float) -> LineFigures:
    """Gaps between frames, how late they were, and those that never came."""
    gaps, late, missing, frames = [], [], 0, 0
    for log in logs:
        arrivals = np.array(log.arrivals)
        arrivals = arrivals[(arrivals >= begin) & (arrivals < end)]
        if len(arrivals) < 2 * GRID_FRAMES:
            continue
        off_grid = arrivals - np.arange(len(arrivals)) * FRAME_SECONDS
        frames += len(arrivals)
        gaps.append(np.diff(arrivals) * 1000)
        late.append(_lateness(off_grid) * 1000)
        missing += _missing(off_grid)
    empty: list[Reals] = [np.zeros(0)]
    return LineFigures(
        frames, missing, Spread.of(np.concatenate(gaps or empty)), Spread.of(np.concatenate(late or empty))
    )  # fmt: skip


def _lateness(off_grid: Reals) -> Reals:
    windows = np.lib.stride_tricks.sliding_window_view(off_grid, GRID_FRAMES)
    late: Reals = off_grid[GRID_FRAMES - 1 :] - windows.min(axis=1)
    return late


def _missing(off_grid: Reals) -> int:
    floor = np.lib.stride_tricks.sliding_window_view(off_grid, GRID_FRAMES).min(axis=1)
    return int(np.maximum(np.round(np.diff(floor) / FRAME_SECONDS), 0).sum())


def answer_ms(log: CallLog, begin: float, end: float) -> list[float]:
    """From each question's last voiced frame to the answer's first, of questions asked within the window. A question
    answered before it was over (a pause inside it) does not count: there is no telling what was measured."""
    answers = []
    voiced = _voiced(log)
    for asked_at in log.turns:
        index = bisect_left(voiced, asked_at)
        early = index > 0 and asked_at - voiced[index - 1] < _JUST_BEFORE
        if begin <= asked_at < end and index < len(voiced) and not early:
            answers.append((voiced[index] - asked_at) * 1000)
    return answers


def stop_ms(log: CallLog, begin: float, end: float) -> list[float]:
    """From the caller's first voiced frame over the bot to the bot's last frame of that stretch of sound."""
    stops = []
    voiced = _voiced(log)
    for spoke_at in log.interruptions:
        index = bisect_left(voiced, spoke_at)
        if not begin <= spoke_at < end or index == 0 or spoke_at - voiced[index - 1] > _JUST_BEFORE:
            continue  # the bot was silent: nothing to interrupt
        last = spoke_at
        for arrival in voiced[index:]:
            if arrival - last >= QUIET_SECONDS / 2:
                break
            last = arrival
        stops.append((last - spoke_at) * 1000)
    return stops


def _voiced(log: CallLog) -> list[float]:
    return [arrival for arrival, voiced in zip(log.arrivals, log.voiced, strict=True) if voiced]
