"""Which back-ups are kept."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ops.backup.rotation import kept

KYIV = ZoneInfo("Europe/Kyiv")
MOMENTS = st.sets(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), max_size=60)  # noqa: DTZ001


def day(moment: datetime) -> object:
    return moment.astimezone(KYIV).date()


@given(MOMENTS, st.integers(1, 10), st.integers(0, 6))
def test_never_the_newest_never_more_than_told(moments: set[datetime], daily: int, weekly: int) -> None:
    keep = kept(moments, daily=daily, weekly=weekly, zone=KYIV)
    assert keep <= moments
    assert len(keep) <= daily + weekly
    assert not moments or max(moments) in keep


@given(MOMENTS, st.integers(1, 10), st.integers(0, 6))
def test_the_latest_days_that_have_one_keep_their_newest(moments: set[datetime], daily: int, weekly: int) -> None:
    keep = kept(moments, daily=daily, weekly=weekly, zone=KYIV)
    for latest in sorted({day(moment) for moment in moments}, reverse=True)[:daily]:  # type: ignore[type-var]
        assert max(moment for moment in moments if day(moment) == latest) in keep


@given(MOMENTS)
def test_asking_again_removes_nothing_more(moments: set[datetime]) -> None:
    keep = kept(moments, daily=7, weekly=4, zone=KYIV)
    assert kept(keep, daily=7, weekly=4, zone=KYIV) == keep


def test_a_year_of_nights_leaves_seven_days_and_four_weeks() -> None:
    there: set[datetime] = set()
    for night in range(365):
        now = datetime(2026, 1, 1, 1, 30, tzinfo=KYIV) + timedelta(days=night)
        there = kept({*there, now.astimezone(UTC)}, daily=7, weekly=4, zone=KYIV)
    ages = sorted((now.astimezone(UTC) - moment).days for moment in there)
    assert ages[:7] == list(range(7))
    weekdays = [moment.astimezone(KYIV).isoweekday() for moment in sorted(there)[:-7]]
    assert weekdays == [7, 7, 7, 4]  # Sundays, and what has just left the seven days: Thursday, 24 December
    assert ages[-1] > 3 * 7
