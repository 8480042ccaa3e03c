"""Months as the tables roll by them: in UTC, whatever clock the shop goes by. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    number: int
    """1 to 12."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month an aware `moment` lies in."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def after(self, months: int) -> "Month":
        """The month so many months later."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def months_from(moment: datetime, ahead: int) -> list[Month]:
    """The month of `moment` and so many after it."""
    first = Month.of(moment)
    return [first.after(months) for months in range(ahead + 1)]
