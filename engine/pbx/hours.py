"""When operators are there: by the clock on the shop's wall, and in words. Pure."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from engine.config.hours import MIDNIGHT, Holiday, OpenHours, clock
from engine.speech.verbalize.vocabulary import MONTHS_OF

_FROM: Final = ("понеділка", "вівторка", "середи", "четверга", "п'ятниці", "суботи", "неділі")
_TO: Final = ("понеділок", "вівторок", "середу", "четвер", "п'ятницю", "суботу", "неділю")
_WEEK: Final = 7


def is_open(hours: Sequence[OpenHours], holidays: Sequence[Holiday], local: datetime) -> bool:
    """Whether somebody is there at `local`, the shop's own time: when the clocks change, hours go by the new time.
    Without hours always, but on no holiday."""
    if any(holiday.falls_on(local.date()) for holiday in holidays):
        return False
    minute = local.hour * 60 + local.minute
    return not hours or any(local.weekday() in span.days and span.opens <= minute < span.closes for span in hours)


def in_words(hours: Sequence[OpenHours], holidays: Sequence[Holiday], today: date) -> str:
    """As the bot says it, in Ukrainian, with the holidays of the week from `today` on: `з понеділка по п'ятницю з 9:00
    до 18:00, у суботу з 10:00 до 15:00, крім 25 грудня`. Empty: at any time."""
    off = _days_off(hours, holidays, today)
    spans = [f"{_days(span)} {_times(span)}" for span in hours] or (["щодня"] if off else [])
    return ", ".join([*spans, f"крім {' та '.join(off)}"] if off else spans)


def _days_off(hours: Sequence[OpenHours], holidays: Sequence[Holiday], today: date) -> list[str]:
    """Holidays on which somebody would be there."""
    week = [today + timedelta(days=ahead) for ahead in range(_WEEK)]
    worked = [day for day in week if not hours or any(day.weekday() in span.days for span in hours)]
    return [f"{day.day} {MONTHS_OF[day.month - 1]}" for day in worked if any(each.falls_on(day) for each in holidays)]


def _days(span: OpenHours) -> str:
    days = span.days
    if len(days) == _WEEK:
        return "щодня"
    if len(days) == 1:
        return f"у {_TO[span.first]}"
    return f"з {_FROM[span.first]} по {_TO[span.last]}"


def _times(span: OpenHours) -> str:
    if span.opens == 0 and span.closes == MIDNIGHT:
        return "цілодобово"
    opens = "опівночі" if span.opens == 0 else clock(span.opens)
    closes = "опівночі" if span.closes == MIDNIGHT else clock(span.closes)
    return f"з {opens} до {closes}"
