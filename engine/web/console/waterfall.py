"""How long each step of an answer took, as a bar of stretches. Pure: where they begin and how wide they are, in per
cent of the longest; the drawing is the template's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.call.waterfall import STAGES

_FULL: Final = 100.0
_ASIDE: Final = "filler"
"""Covers the wait, whenever that was: no step that the next one waits for."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One step: `begins` and `ends` in milliseconds after the caller's last voiced frame."""

    stage: str
    begins: float
    ends: float

    @property
    def milliseconds(self) -> float:
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Of the answer that is turn `n` of its call."""

    n: int
    stretches: Sequence[Stretch]
    filler: float | None

    @property
    def total(self) -> float:
        return self.stretches[-1].ends

    def x(self, milliseconds: float, whole: float) -> float:
        """In per cent of `whole` milliseconds."""
        return round(_FULL * milliseconds / max(whole, 1.0), 2)


def waterfall(n: int, latencies: Mapping[str, Any]) -> Waterfall | None:
    """None where nobody waited for it. A step that is reached before the one it comes after has no width."""
    stretches: list[Stretch] = []
    before = 0.0
    for stage in STAGES:
        if stage in latencies and stage != _ASIDE:
            ends = max(before, float(latencies[stage]))
            stretches.append(Stretch(stage, before, ends))
            before = ends
    return Waterfall(n, stretches, latencies.get(_ASIDE)) if stretches else None


def waterfalls(turns: Sequence[Mapping[str, Any]]) -> Sequence[Waterfall]:
    """Of a call's answers, in order."""
    made = (waterfall(turn["n"], turn["latencies"] or {}) for turn in turns if turn["speaker"] == "bot")
    return [each for each in made if each is not None]
