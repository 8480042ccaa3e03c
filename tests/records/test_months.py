"""Months in UTC: ends, New Year, and clocks that change elsewhere."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.records.months import Month, months_from

KYIV = ZoneInfo("Europe/Kyiv")
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (timezones)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999999, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 1, tzinfo=UTC), "2026-12"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12"),
        (datetime(2027, 1, 1, 1, 30, tzinfo=KYIV), "2026-12"),  # New Year in Kyiv is still the old one in UTC
        (datetime(2027, 1, 1, 2, tzinfo=KYIV), "2027-01"),
        (datetime(2026, 4, 1, 2, 59, tzinfo=KYIV), "2026-03"),  # three hours ahead in summer, two in winter
        (datetime(2026, 11, 1, 2, tzinfo=KYIV), "2026-11"),
        (datetime(2026, 3, 29, 4, 30, tzinfo=KYIV), "2026-03"),
    ],
)
def test_the_month_of_a_moment(moment: datetime, month: str) -> None:
    assert str(Month.of(moment)) == month


@given(MOMENTS, st.integers(0, 120))
def test_months_follow_each_other_without_gap_or_overlap(moment: datetime, ahead: int) -> None:
    months = months_from(moment, ahead)
    assert len(months) == ahead + 1
    assert months[0].start <= moment < months[0].after(1).start
    assert all(month.after(1) == following for month, following in pairwise(months))
    assert all(Month.of(month.start) == month for month in months)


def test_years_are_crossed() -> None:
    assert [str(month) for month in months_from(datetime(2026, 11, 30, tzinfo=UTC), 3)] == [
        "2026-11", "2026-12", "2027-01", "2027-02",
    ]  # fmt: skip
    assert Month(2026, 12).after(120) == Month(2036, 12)
