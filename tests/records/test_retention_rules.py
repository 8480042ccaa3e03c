"""What is to go, and when: pure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import RetentionConfig
from engine.records.months import Month
from engine.records.partitions import Partition, State
from engine.records.retention_rules import RULES, Step, plan

NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)
AGES = RetentionConfig()
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (timezones)


def month(start: Month, table: str = "call_turns", state: State = "attached") -> Partition:
    return Partition(table, f"{table}_{start}", start.start, start.after(1).start, state, 0)


def steps(*months: Partition, now: datetime = NOW) -> list[Step]:
    return [
        step for step in plan(AGES, now, months, ["call_turns", "calls"]) if step.rule.table in ("call_turns", "calls")
    ]


def test_the_policy() -> None:
    assert {(rule.table, rule.verb, getattr(AGES, rule.days)) for rule in RULES} == {
        ("call_turns", "deleted", 90), ("call_tool_calls", "deleted", 90), ("call_events", "deleted", 90),
        ("llm_usage", "deleted", 90), ("calls", "anonymised", 365), ("store_actions", "anonymised", 365),
        ("callback_requests", "anonymised", 365), ("customers", "deleted", 365), ("job_runs", "deleted", 365),
        ("audit_log", "deleted", 365), ("erased_numbers", "deleted", 365),
    }  # fmt: skip


def test_whole_months_are_dropped_and_the_month_of_the_boundary_is_swept() -> None:
    months = [month(Month(2026, 6).after(n)) for n in range(6)]
    assert [(step.target, step.verb) for step in steps(*months)] == [
        ("call_turns_2026-06", "dropped"), ("call_turns_2026-07", "dropped"), ("call_turns_2026-08", "deleted"),
    ]  # fmt: skip


def test_a_month_that_ends_just_then_is_dropped_and_one_that_begins_then_is_not_touched() -> None:
    august = Month(2026, 8)
    now = august.after(1).start + timedelta(days=90)
    assert [step.verb for step in steps(month(august), month(august.after(1)), now=now)] == ["dropped"]
    just_before = now - timedelta(microseconds=1)
    assert [step.verb for step in steps(month(august), month(august.after(1)), now=just_before)] == ["deleted"]


def test_calls_are_never_dropped() -> None:
    old = month(Month(2020, 2), "calls")
    assert [(step.target, step.verb) for step in steps(old)] == [("calls_2020-02", "anonymised")]


def test_what_was_left_half_removed_goes_first() -> None:
    left = month(Month(2026, 7), state="detaching")
    assert [step.target for step in steps(month(Month(2026, 6)), left)] == ["call_turns_2026-07", "call_turns_2026-06"]


def test_tables_without_months_are_swept_whole() -> None:
    assert {step.target for step in plan(AGES, NOW, [], ["call_turns"])} == {
        rule.table for rule in RULES if rule.table != "call_turns"
    }


@given(MOMENTS, st.integers(0, 40))
def test_no_row_young_enough_is_in_a_month_that_is_dropped(now: datetime, back: int) -> None:
    there = month(Month.of(now - timedelta(days=30 * back)))
    for step in steps(there, now=now):
        assert step.cutoff == now - timedelta(days=90)
        assert (step.partition is None) == (there.ends_at > step.cutoff)


@pytest.mark.parametrize("days", [0, -1])
def test_a_term_of_no_days_is_a_mistake(days: int) -> None:
    with pytest.raises(ValueError, match="turns_days"):
        RetentionConfig(turns_days=days)
