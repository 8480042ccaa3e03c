"""The stages of an order: what leads where, and that nothing leads round the caller's yes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.tools.stages import Event, Stage, after

WAY = (Event.DRAFT_CHANGED, Event.DELIVERY_CHANGED, Event.READ_BACK, Event.SAID_YES, Event.CONFIRMED)


def walk(*events: Event) -> Stage:
    stage = Stage.CHOOSING
    for event in events:
        stage = after(stage, event)
    return stage


def test_the_way_of_an_order() -> None:
    stages = [walk(*WAY[: n + 1]) for n in range(len(WAY))]
    assert stages == [Stage.DRAFTED, Stage.DELIVERY_SET, Stage.READ_BACK, Stage.AGREED, Stage.ORDERED]


@pytest.mark.parametrize(
    ("then", "stage"),
    [
        (Event.DRAFT_CHANGED, Stage.DRAFTED),
        (Event.DELIVERY_CHANGED, Stage.DELIVERY_SET),
        (Event.SAID_NO, Stage.DELIVERY_SET),
        (Event.SAID_OTHER, Stage.READ_BACK),
        (Event.SAID_YES, Stage.AGREED),
    ],
)
def test_what_becomes_of_a_yes(then: Event, stage: Stage) -> None:
    assert walk(*WAY[:4], then) is stage


@given(st.lists(st.sampled_from(Event), max_size=12))
def test_agreed_needs_a_yes_after_a_read_back_after_the_last_change(events: list[Event]) -> None:
    if walk(*events) is not Stage.AGREED:
        return
    last_change = max(n for n, e in enumerate(events) if e in (Event.DRAFT_CHANGED, Event.DELIVERY_CHANGED))
    later = events[last_change + 1 :]
    assert Event.READ_BACK in later
    spoken = [e for e in later if e in (Event.SAID_YES, Event.SAID_NO, Event.SAID_OTHER)]
    assert spoken[-1] is Event.SAID_YES
    assert Event.SAID_YES in later[later.index(Event.READ_BACK) :]


@given(st.lists(st.sampled_from(Event)))
def test_nothing_follows_a_transfer(events: list[Event]) -> None:
    assert walk(Event.TRANSFER, *events) is Stage.TRANSFERRING
