"""Why a call is refused, fact by fact."""

from dataclasses import replace

import pytest

from engine.pbx.admission import REASONS, Facts, refusals

IDLE = Facts(calls=0, max_calls=2)
FULL = replace(IDLE, calls=2)


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (IDLE, ()),
        (replace(IDLE, calls=1), ()),
        (FULL, ("at_capacity",)),
        (replace(IDLE, calls=3), ("at_capacity",)),
        (replace(IDLE, warmed_up=False), ("warming_up",)),
        (replace(IDLE, draining=True), ("draining",)),
        (replace(FULL, draining=True), ("draining",)),
        (replace(IDLE, late=True), ("media_clock_late",)),
        (replace(IDLE, ill=frozenset({"recognizer"})), ("recognizer_ill",)),
        (replace(IDLE, ill=frozenset({"synthesizer"})), ("synthesizer_ill",)),
        (replace(IDLE, ill=frozenset({"model"})), ("model_ill",)),
        (replace(IDLE, ill=frozenset({"store"})), ()),
        (replace(FULL, late=True, ill=frozenset({"model"})), ("at_capacity", "media_clock_late", "model_ill")),
    ],
)
def test_what_is_refused_and_why(facts: Facts, reasons: tuple[str, ...]) -> None:
    assert refusals(facts) == reasons


def test_every_reason_can_occur_and_is_one_word() -> None:
    worst = Facts(9, 2, warmed_up=False, late=True, ill=frozenset({"recognizer", "synthesizer", "model"}))
    assert {*refusals(worst), *refusals(replace(worst, draining=True))} == set(REASONS)
    assert all(reason.replace("_", "").isalpha() for reason in REASONS)
