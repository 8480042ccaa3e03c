"""Whether the engine may take another call, decided from facts alone. Pure.

`busy` is no failure: the dialplan sends that caller to the operators' queue at once, which is better than a
conversation that would be late, or would end in an apology.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Facts:
    """`calls`: connected and announced. `ill`: of `recognizer`, `synthesizer`, `model` those whose breaker is open. Not
    the store: that it is away the bot can say by itself."""

    calls: int
    max_calls: int
    warmed_up: bool = True
    draining: bool = False
    late: bool = False
    ill: frozenset[str] = field(default_factory=frozenset)


_REFUSALS: Final[tuple[tuple[str, Callable[[Facts], bool]], ...]] = (
    ("warming_up", lambda facts: not facts.warmed_up),
    ("draining", lambda facts: facts.draining),
    ("at_capacity", lambda facts: facts.calls >= facts.max_calls and not facts.draining),
    ("media_clock_late", lambda facts: facts.late),
    ("recognizer_ill", lambda facts: "recognizer" in facts.ill),
    ("synthesizer_ill", lambda facts: "synthesizer" in facts.ill),
    ("model_ill", lambda facts: "model" in facts.ill),
)
REASONS: Final = tuple(reason for reason, _ in _REFUSALS)


def refusals(facts: Facts) -> tuple[str, ...]:
    """Why a new call is not welcome, the weightiest reason first; empty when it is."""
    return tuple(reason for reason, holds in _REFUSALS if holds(facts))
