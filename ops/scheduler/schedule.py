"""When a job is due: five cron fields, read in one time zone, with no clock of their own.

The clock change is Debian cron's (and cronsim's): a time of day that does not exist in spring is taken right after the
gap, one that occurs twice in autumn counts the first time only. Fields that begin with `*` go by real hours instead.
Times come in and go out as aware datetimes; those that go out are in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

_BEYOND_ANY_CHANGE: Final = timedelta(hours=4)
"""A wall clock is never put back further: searching from here backwards finds what is due in a repeated hour too."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`expression` as in crontab(5), e.g. `15 3 * * *`. Using a wrong one raises `cronsim.CronSimError`."""

    expression: str
    zone: ZoneInfo

    def due(self, last: datetime, now: datetime) -> datetime | None:
        """The latest time that has come by `now`, if it lies after `last`, the time that was run last: of several
        that were missed only one is made up for."""
        for moment in self._before(now + _BEYOND_ANY_CHANGE):
            if moment <= now:
                return moment if moment > last else None
        return None

    def next(self, now: datetime) -> datetime:
        """The first time after `now`."""
        start = (now - _BEYOND_ANY_CHANGE).astimezone(self.zone)
        times = (moment.astimezone(UTC) for moment in CronSim(self.expression, start))
        return next(moment for moment in times if moment > now)

    def _before(self, moment: datetime) -> Iterator[datetime]:
        """Every time before `moment`, the latest first."""
        for local in CronSim(self.expression, moment.astimezone(self.zone), reverse=True):
            yield local.astimezone(UTC)
