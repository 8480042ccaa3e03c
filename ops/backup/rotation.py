"""Which back-ups are kept. Pure."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo


def kept(moments: Iterable[datetime], *, daily: int, weekly: int, zone: ZoneInfo) -> set[datetime]:
    """The newest of each of the latest `daily` days that have one; of those before these days, the newest of each of
    the latest `weekly` weeks (Monday to Sunday). Days are `zone`'s. A day without a back-up costs none of the others
    its place: nothing is thrown away because making them has stopped."""
    newest_first = sorted(moments, reverse=True)
    days: dict[object, datetime] = {}
    for moment in newest_first:
        days.setdefault(moment.astimezone(zone).date(), moment)
    recent = list(days.values())[:daily]
    weeks: dict[object, datetime] = {}
    for moment in list(days.values())[daily:]:
        weeks.setdefault(moment.astimezone(zone).isocalendar()[:2], moment)
    return {*recent, *list(weeks.values())[:weekly]}
