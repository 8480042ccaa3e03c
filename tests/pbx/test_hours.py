"""Opening hours and holidays: as they are written, by the wall clock, in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.config import Config, OperatorsConfig
from engine.config.hours import Holiday, OpenHours
from engine.errors import ConfigError
from engine.pbx.hours import in_words, is_open
from engine.speech.verbalize import verbalize

KYIV = ZoneInfo("Europe/Kyiv")
WEEK = "Mon-Fri 09:00-18:00, Sat 10:00-15:00"


def shop(monkeypatch: pytest.MonkeyPatch, hours: str, holidays: str = "") -> OperatorsConfig:
    monkeypatch.setenv("OPERATORS_HOURS", hours)
    monkeypatch.setenv("OPERATORS_HOLIDAYS", holidays)
    return OperatorsConfig()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KYIV)


@pytest.mark.parametrize(
    ("when", "there"),
    [
        ("2026-11-20 08:59:59", False),
        ("2026-11-20 09:00", True),
        ("2026-11-20 17:59:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 09:30", False),
        ("2026-11-21 14:59", True),
        ("2026-11-22 12:00", False),
        ("2026-12-24 12:00", True),
        ("2026-12-25 12:00", False),
        ("2027-12-24 12:00", True),
        ("2027-01-01 12:00", False),
        ("2028-01-03 12:00", True),
    ],
)
def test_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch, when: str, there: bool) -> None:
    config = shop(monkeypatch, WEEK, "2027-01-01, 12-25")
    assert is_open(config.hours, config.holidays, at(when)) is there


def test_when_the_clocks_change_hours_go_by_the_new_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """28 March 2027 in Kyiv: 03:00 becomes 04:00. 31 October 2027: 04:00 becomes 03:00."""
    config = shop(monkeypatch, "Sun 03:30-09:00")

    def hours_open(day: date) -> float:
        start = datetime(day.year, day.month, day.day, tzinfo=KYIV).astimezone(UTC)
        minutes = (start + timedelta(minutes=n) for n in range(25 * 60))
        return (
            sum(is_open(config.hours, (), m.astimezone(KYIV)) for m in minutes if m.astimezone(KYIV).date() == day) / 60
        )

    assert hours_open(date(2027, 3, 21)) == 5.5
    assert hours_open(date(2027, 3, 28)) == 5.0
    assert hours_open(date(2027, 10, 31)) == 6.0


def test_without_hours_always_but_on_no_holiday(monkeypatch: pytest.MonkeyPatch) -> None:
    config = shop(monkeypatch, "", "12-25")
    assert is_open(config.hours, config.holidays, at("2026-11-22 03:00"))
    assert not is_open(config.hours, config.holidays, at("2026-12-25 12:00"))


def test_a_run_leads_over_sunday_and_a_day_ends_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    config = shop(monkeypatch, "sat-mon 20:00-24:00,  Tue 0:00-2:00")
    there = [day for day in range(16, 23) if is_open(config.hours, (), at(f"2026-11-{day} 23:59"))]
    assert there == [16, 21, 22]
    assert is_open(config.hours, (), at("2026-11-17 00:00"))
    assert [str(each) for each in config.hours] == ["Sat-Mon 20:00-24:00", "Tue 00:00-02:00"]


def test_it_is_written_as_it_was_read() -> None:
    for hours in ("Mon-Fri 09:00-18:00", "Sat 10:00-15:30", "Fri-Mon 00:00-24:00"):
        assert str(OpenHours.parse(hours)) == hours
    for holiday in ("2027-01-01", "12-25", "02-29"):
        assert str(Holiday.parse(holiday)) == holiday


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("OPERATORS_HOURS", "9-18", "write `Mon-Fri 09:00-18:00, Sat 10:00-15:00`"),
        ("OPERATORS_HOURS", "Mon-Fry 09:00-18:00", "'Fry' is no weekday"),
        ("OPERATORS_HOURS", "Mon 09:00-18:60", "18:60 is no time of day"),
        ("OPERATORS_HOURS", "Mon 09:00-24:01", "24:01 is no time of day"),
        ("OPERATORS_HOURS", "Fri 20:00-02:00", "write two, `Fri 20:00-24:00, Sat 00:00-02:00`"),
        ("OPERATORS_HOURS", "Fri 09:00-09:00", "ends before it begins"),
        ("OPERATORS_HOLIDAYS", "25.12", "write `2027-01-01` for one year's day"),
        ("OPERATORS_HOLIDAYS", "02-30", "'02-30' is no date"),
        ("OPERATORS_HOLIDAYS", "2027-02-29", "'2027-02-29' is no date"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as error:
        Config.from_env()
    assert str(error.value).startswith(f"{variable}: ")
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("hours", "words", "spoken"),
    [
        (
            WEEK,
            "з понеділка по п'ятницю з 9:00 до 18:00, у суботу з 10:00 до 15:00",
            "з понеділка по п'ятницю з дев'ятої до вісімнадцятої, у суботу з десятої до п'ятнадцятої",
        ),
        ("Mon-Sun 09:00-20:00", "щодня з 9:00 до 20:00", "щодня з дев'ятої до двадцятої"),
        ("Tue-Mon 00:00-24:00", "щодня цілодобово", "щодня цілодобово"),
        ("Sun 08:30-24:00", "у неділю з 8:30 до опівночі", "у неділю з восьмої тридцять до опівночі"),
        ("", "", ""),
    ],
)
def test_in_words(monkeypatch: pytest.MonkeyPatch, hours: str, words: str, spoken: str) -> None:
    told = in_words(shop(monkeypatch, hours).hours, (), date(2026, 12, 24))
    assert told == words
    assert verbalize(told) == spoken


@pytest.mark.parametrize(
    ("hours", "today", "ending"),
    [
        ("Mon-Fri 09:00-18:00", date(2026, 12, 24), "до 18:00, крім 25 грудня"),
        ("Mon-Fri 09:00-18:00", date(2026, 12, 25), "до 18:00, крім 25 грудня та 31 грудня"),
        ("Sat 10:00-15:00", date(2026, 12, 24), "у суботу з 10:00 до 15:00"),
        ("Mon-Fri 09:00-18:00", date(2026, 12, 1), "до 18:00"),
        ("", date(2026, 12, 24), "щодня, крім 25 грудня"),
        ("", date(2026, 12, 1), ""),
    ],
)
def test_holidays_that_are_near_are_named(
    monkeypatch: pytest.MonkeyPatch, hours: str, today: date, ending: str
) -> None:
    config = shop(monkeypatch, hours, "2026-12-25, 12-31")
    told = in_words(config.hours, config.holidays, today)
    assert told.endswith(ending)
    assert bool(told) == bool(ending)
