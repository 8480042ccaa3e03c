"""Dates as people type them on a command line."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cli.errors import fail

_FIRST: Final = date(1970, 1, 1)
_LAST: Final = date(2199, 12, 31)
"""Beyond lies nothing but mistakes, and time zones that end with the calendar."""


def day_of(option: str, text: str) -> date:
    """A calendar date; anything else ends the command with one line."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        fail(f"{option} {text}: give a date as YYYY-MM-DD")
    if not _FIRST <= day <= _LAST:
        fail(f"{option} {text}: give a date between {_FIRST} and {_LAST}")
    return day


def start_of(option: str, text: str | None, timezone: ZoneInfo) -> datetime | None:
    """The first moment of a date in the shop's time zone; None where none was given."""
    if text is None:
        return None
    day = day_of(option, text)
    return datetime(day.year, day.month, day.day, tzinfo=timezone)
