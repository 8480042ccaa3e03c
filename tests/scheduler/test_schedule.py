"""When a job is due, at the dates that clocks and calendars are hard on. Times are written as Kyiv's wall clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.scheduler.schedule import Schedule

KYIV = ZoneInfo("Europe/Kyiv")
EXPRESSIONS = ["15 3 * * *", "30 3 * * *", "0 4 * * *", "*/7 * * * *", "10 * * * *", "0 2 1 * *", "30 3 * * 0",
               "0 0 31 12 *", "59 23 L * *"]  # fmt: skip


def kyiv(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KYIV, fold=fold).astimezone(UTC)


def times(expression: str, start: datetime, end: datetime) -> list[datetime]:
    """Every time in (start, end], as one who asks `next` again and again gets them."""
    schedule, found = Schedule(expression, KYIV), []
    while (moment := schedule.next(start)) <= end:
        found.append(start := moment)
    return found


@pytest.mark.parametrize(
    ("expression", "last", "now", "due"),
    [
        ("15 3 * * *", "2026-11-21 03:15", "2026-11-22 03:14:59.9", None),
        ("15 3 * * *", "2026-11-21 03:15", "2026-11-22 03:15", "2026-11-22 03:15"),
        ("15 3 * * *", "2026-11-22 03:15", "2026-11-22 03:15:30", None),
        ("15 3 * * *", "2026-11-12 03:15", "2026-11-22 12:00", "2026-11-22 03:15"),  # ten missed, one made up for
        ("0 2 1 * *", "2026-01-01 02:00", "2026-03-01 01:59", "2026-02-01 02:00"),
        ("55 23 28-31 * *", "2026-02-27 23:55", "2026-02-28 23:56", "2026-02-28 23:55"),
        ("59 23 L * *", "2028-01-31 23:59", "2028-02-29 23:59", "2028-02-29 23:59"),  # a leap year's February
        ("0 0 1 1 *", "2026-01-01 00:00", "2026-12-31 23:59:59", None),
        ("0 0 1 1 *", "2026-01-01 00:00", "2027-01-01 00:00", "2027-01-01 00:00"),
        ("15 3 * * *", "2026-12-31 03:15", "2027-01-01 03:15", "2027-01-01 03:15"),
        ("0 5 * * *", "2026-11-22 06:00", "2026-11-22 12:00", None),  # moved from 6 to 5: today's has been run
    ],
)
def test_due(expression: str, last: str, now: str, due: str | None) -> None:
    expected = None if due is None else kyiv(due)
    assert Schedule(expression, KYIV).due(kyiv(last), kyiv(now)) == expected


def test_a_time_that_does_not_exist_is_run_once_right_after_the_gap() -> None:
    """29 March 2026: 03:00 is followed by 04:00."""
    assert times("30 3 * * *", kyiv("2026-03-28 12:00"), kyiv("2026-03-30 12:00")) == [
        kyiv("2026-03-29 04:00"), kyiv("2026-03-30 03:30"),
    ]  # fmt: skip
    schedule, saturday = Schedule("30 3 * * *", KYIV), kyiv("2026-03-28 03:30")
    assert schedule.due(saturday, kyiv("2026-03-29 02:59:59")) is None
    assert schedule.due(saturday, kyiv("2026-03-29 04:00")) == kyiv("2026-03-29 04:00")
    assert schedule.due(kyiv("2026-03-29 04:00"), kyiv("2026-03-29 04:01")) is None


def test_a_time_that_occurs_twice_is_run_once() -> None:
    """25 October 2026: 04:00 summer time is 03:00 winter time."""
    first, second = kyiv("2026-10-25 03:30"), kyiv("2026-10-25 03:30", fold=1)
    assert second - first == timedelta(hours=1)
    schedule, saturday = Schedule("30 3 * * *", KYIV), kyiv("2026-10-24 03:30")
    assert times("30 3 * * *", kyiv("2026-10-24 12:00"), kyiv("2026-10-26 12:00")) == [first, kyiv("2026-10-26 03:30")]
    assert schedule.due(saturday, kyiv("2026-10-25 03:10", fold=1)) == first
    assert schedule.due(first, second) is None
    assert schedule.next(first) == kyiv("2026-10-26 03:30")


def test_every_quarter_of_an_hour_goes_by_real_time_over_both_changes() -> None:
    for day in ("2026-03-29", "2026-10-25"):
        found = times("*/15 * * * *", kyiv(f"{day} 00:00"), kyiv(f"{day} 08:00"))
        assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


@given(
    expression=st.sampled_from(EXPRESSIONS),
    last=st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    gap=st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_due_is_the_latest_of_the_times_since(expression: str, last: datetime, gap: timedelta) -> None:
    now = last + gap
    due = Schedule(expression, KYIV).due(last, now)
    if due is None:
        assert Schedule(expression, KYIV).next(last) > now
    else:
        assert last < due <= now
        assert Schedule(expression, KYIV).next(due) > now
