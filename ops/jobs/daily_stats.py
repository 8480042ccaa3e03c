"""Counts the day that is over, those before it that nobody counted, and those of which more is known by now."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from engine.records.statistics import Day, compute, outdated, uncounted, yesterday
from ops.jobs.job import JobContext

_LOOK_BACK: Final = timedelta(days=92)
"""How many days may have been missed, and how late a verdict may be: no call is judged without its turns."""


async def daily_stats(context: JobContext) -> None:
    """Yesterday in any case."""
    timezone = context.config.call.timezone
    now = datetime.now(timezone)
    first, last = (Day.of(day, timezone) for day in (yesterday(now) - _LOOK_BACK, yesterday(now)))
    missed = await uncounted(context.database, first, last)
    changed = await outdated(context.database, first, last)
    for day in sorted({*missed, *changed, last.on}):
        context.report(summary(day, await compute(context.database, Day.of(day, timezone), now)))


def summary(day: date, stats: dict[str, Any]) -> str:
    """A day in one line."""
    return (
        f"{day}: {stats['calls']} calls, {stats['resolved_by_bot']} resolved by the bot, "
        f"{stats['transferred']} transferred, cost {stats['cost']['total']:.2f}"
    )
