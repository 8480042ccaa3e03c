"""Opening hours and holidays as they are written in a setting. Pure.

`Mon-Fri 09:00-18:00`, `Sat 10:00-15:00`: a weekday or a run of them, and the hours on each. `2027-01-01` is one day,
`12-25` that day of every year.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import PlainValidator

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MIDNIGHT: Final = 24 * 60
"""The end of a day, in minutes."""

_LEAP_YEAR: Final = 2000
_HOURS: Final = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", re.IGNORECASE)
_HOLIDAY: Final = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
_LIKE_HOURS: Final = "write `Mon-Fri 09:00-18:00, Sat 10:00-15:00`"
_LIKE_HOLIDAYS: Final = "write `2027-01-01` for one year's day, `12-25` for every year's"


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The same hours on each of a run of weekdays. Hours are minutes since midnight, at most `MIDNIGHT`."""

    first: int
    last: int
    """Weekdays, 0 is Monday; a run may lead over Sunday (`Sat-Mon`)."""
    opens: int
    closes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError that says what is wrong and how it is written."""
        match = _HOURS.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} are no opening hours: {_LIKE_HOURS}")
        first, last = _weekday(match[1]), _weekday(match[2] or match[1])
        opens, closes = _minutes(match[3], match[4]), _minutes(match[5], match[6])
        if opens >= closes:
            raise ValueError(f"{text!r} ends before it begins: write two, `Fri 20:00-24:00, Sat 00:00-02:00`")
        return cls(first, last, opens, closes)

    @property
    def days(self) -> tuple[int, ...]:
        """The weekdays of the run, from its first on."""
        return tuple((self.first + step) % 7 for step in range((self.last - self.first) % 7 + 1))

    def __str__(self) -> str:
        run = WEEKDAYS[self.first] + (f"-{WEEKDAYS[self.last]}" if self.last != self.first else "")
        return f"{run} {clock(self.opens, '02')}-{clock(self.closes, '02')}"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day on which nobody works; every year's if `year` is None."""

    year: int | None
    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError that says what is wrong and how it is written."""
        match = _HOLIDAY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no date: {_LIKE_HOLIDAYS}")
        year = int(match[1]) if match[1] else None
        try:
            day = date(year or _LEAP_YEAR, int(match[2]), int(match[3]))
        except ValueError as error:
            raise ValueError(f"{text!r} is no date ({error}): {_LIKE_HOLIDAYS}") from error
        return cls(year, day.month, day.day)

    def falls_on(self, day: date) -> bool:
        return (self.month, self.day) == (day.month, day.day) and self.year in (None, day.year)

    def __str__(self) -> str:
        return (f"{self.year}-" if self.year else "") + f"{self.month:02}-{self.day:02}"


def clock(minutes: int, width: str = "") -> str:
    """`9:00`; with `width` "02" `09:00`."""
    return f"{minutes // 60:{width}}:{minutes % 60:02}"


def _weekday(name: str) -> int:
    try:
        return WEEKDAYS.index(name.capitalize())
    except ValueError:
        raise ValueError(f"{name!r} is no weekday: they are {', '.join(WEEKDAYS)}") from None


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > MIDNIGHT:
        raise ValueError(f"{hour}:{minute} is no time of day: {_LIKE_HOURS}")
    return minutes


def _read_by[T](kind: type[T], parse: Callable[[str], T]) -> Callable[[Any], T]:
    def read(value: Any) -> T:
        return value if isinstance(value, kind) else parse(str(value))

    return read


OpenHoursSetting = Annotated[OpenHours, PlainValidator(_read_by(OpenHours, OpenHours.parse))]
HolidaySetting = Annotated[Holiday, PlainValidator(_read_by(Holiday, Holiday.parse))]
