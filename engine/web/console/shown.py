"""How times, amounts and shares are written for people, in the shop's time zone. Pure.

A template has one as `f`. What is not there is a dash. Times come as they are on record, or as text once a record was
made plain for whoever looks.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

NOTHING: Final = "–"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Shown:
    timezone: ZoneInfo
    currency: str

    def moment(self, value: datetime | str | None) -> str:
        return NOTHING if value is None else f"{self._local(value):%d.%m.%Y %H:%M}"

    def clock(self, value: datetime | str | None) -> str:
        return NOTHING if value is None else f"{self._local(value):%H:%M:%S}"

    def day(self, value: date | str | None) -> str:
        if value is None:
            return NOTHING
        return f"{date.fromisoformat(value) if isinstance(value, str) else value:%d.%m.%Y}"

    def length(self, seconds: float | None) -> str:
        """`2:05`."""
        if seconds is None:
            return NOTHING
        minutes, rest = divmod(round(seconds), _MINUTE)
        return f"{minutes}:{rest:02d}"

    def at(self, seconds: float) -> str:
        """Since a call began."""
        return self.length(max(0.0, seconds))

    def money(self, amount: float | str | None, digits: int = 4) -> str:
        return NOTHING if amount is None else f"{float(amount):.{digits}f} {self.currency}"

    def milliseconds(self, value: float | None) -> str:
        return NOTHING if value is None else f"{value:,.0f}".replace(",", " ")

    def share(self, value: float | None) -> str:
        """Of 1, in per cent."""
        return NOTHING if value is None else f"{value:.0%}"

    def number(self, value: float | None, digits: int = 0) -> str:
        return NOTHING if value is None else f"{value:,.{digits}f}".replace(",", " ")

    def _local(self, value: datetime | str) -> datetime:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(self.timezone)
