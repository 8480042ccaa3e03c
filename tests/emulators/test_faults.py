"""Faults count down, keep quiet when none is set, and refuse names they do not know."""

import asyncio

import pytest

from ops.emulators.faults import FaultInjected, Faults


def ask(faults: Faults) -> str:
    """The kind (and code) of the fault played on one request; empty for none."""
    try:
        asyncio.run(faults.before_answer())
    except FaultInjected as fault:
        return f"{fault.kind} {fault.code}".strip()
    return ""


def test_no_faults_by_default() -> None:
    faults = Faults()
    assert ask(faults) == ""
    faults.before_event(10_000)


def test_each_fault_is_played_as_often_as_asked() -> None:
    faults = Faults()
    faults.update(fail_next=2, fail_code=429, cut_next=1, stall_next=1)
    assert [ask(faults) for _ in range(5)] == ["fail 429", "fail 429", "cut", "stall", ""]


def test_a_stream_stalls_after_n_events_until_reset() -> None:
    faults = Faults(stall_after=2)
    faults.before_event(0)
    faults.before_event(1)
    for _ in range(2):
        with pytest.raises(FaultInjected, match="stall"):
            faults.before_event(2)
    faults.reset()
    faults.before_event(2)
    assert faults == Faults()


def test_a_cut_can_wait_for_the_middle_of_a_stream() -> None:
    faults = Faults(cut_next=1, cut_after=3)
    assert ask(faults) == ""
    faults.before_event(2)
    with pytest.raises(FaultInjected, match="cut"):
        faults.before_event(3)
    faults.before_event(3)


def test_an_unknown_name_changes_nothing() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="no such fault: explode"):
        faults.update(delay_ms=5, explode=True)
    assert faults.as_dict() == Faults().as_dict()
