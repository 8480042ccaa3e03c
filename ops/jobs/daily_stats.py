"""Counts the day that is over, and those before it that nobody counted."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from engine.records.statistics import Day, compute, uncounted, yesterday
from ops.jobs.job import JobContext

_DAY: Final = timedelta(days=1)
_LOOK_BACK: Final = timedelta(days=31)
"""How many days may have been missed."""


async def daily_stats(context: JobContext) -> None:
    """Yesterday, and once more the day before it: verdicts and records from a spool may have come later than it was
    counted first."""
    timezone = context.config.call.timezone
    last = yesterday(datetime.now(timezone))
    missed = await uncounted(context.database, Day.of(last - _LOOK_BACK, timezone), Day.of(last, timezone))
    for day in sorted({*missed, last - _DAY, last}):
        context.report(summary(day, await compute(context.database, Day.of(day, timezone))))


def summary(day: date, stats: dict[str, Any]) -> str:
    """A day in one line."""
    return (
        f"{day}: {stats['calls']} calls, {stats['resolved_by_bot']} resolved by the bot, "
        f"{stats['transferred']} transferred, cost {stats['cost']['total']:.2f}"
    )
