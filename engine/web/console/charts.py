"""Columns and lines: where they lie in a square of 100 by 100, y downwards. Pure; the drawing is the template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_FULL: Final = 100.0
_GAP: Final = 0.2
"""Between two columns, in parts of one."""
_STEPS: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    value: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """`top`: the value at the upper edge."""

    columns: Sequence[Column]
    top: float


@dataclass(frozen=True, slots=True)
class Lines:
    """`points`: of each series, as SVG's `polyline` takes them; a gap begins another line."""

    labels: Sequence[str]
    series: Sequence[Sequence[float | None]]
    points: Sequence[Sequence[str]]
    top: float

    def rows(self) -> Sequence[tuple[str, Sequence[float | None]]]:
        """Each label with its value in every series; those with none are left out."""
        rows = zip(self.labels, zip(*self.series, strict=True), strict=True)
        return [(label, values) for label, values in rows if any(value is not None for value in values)]


def columns(values: Sequence[tuple[str, float]]) -> Columns:
    top = round_up(max((value for _, value in values), default=0))
    room = _FULL / max(len(values), 1)
    return Columns(
        [
            Column(
                label, value, round(n * room + room * _GAP / 2, 3), round(_FULL - _FULL * value / top, 3),
                round(room * (1 - _GAP), 3), round(_FULL * value / top, 3),
            )
            for n, (label, value) in enumerate(values)
        ],
        top,
    )  # fmt: skip


def lines(labels: Sequence[str], series: Sequence[Sequence[float | None]]) -> Lines:
    """Each series has a value, or None, for each label."""
    top = round_up(max((value for each in series for value in each if value is not None), default=0))
    return Lines(labels, series, [_points(each, top) for each in series], top)


def round_up(value: float) -> float:
    """To 1, 2 or 5 times a power of ten; never 0."""
    magnitude = 1.0
    while value > magnitude * _STEPS[-1]:
        magnitude *= _STEPS[-1]
    return next(step * magnitude for step in _STEPS if value <= step * magnitude)


def _points(values: Sequence[float | None], top: float) -> Sequence[str]:
    found: list[list[str]] = [[]]
    room = _FULL / max(len(values), 1)
    for n, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append(f"{n * room + room / 2:.3f},{_FULL - _FULL * value / top:.3f}")
    return [" ".join(each) for each in found if each]
