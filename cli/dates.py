"""Dates as people type them on a command line."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from cli.errors import fail


def day_of(option: str, text: str) -> date:
    """A calendar date; anything else ends the command with one line."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        fail(f"{option} {text}: give a date as YYYY-MM-DD")


def start_of(option: str, text: str | None, timezone: ZoneInfo) -> datetime | None:
    """The first moment of a date in the shop's time zone; None where none was given."""
    if text is None:
        return None
    day = day_of(option, text)
    return datetime(day.year, day.month, day.day, tzinfo=timezone)
