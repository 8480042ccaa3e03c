"""Parameters that many routes take."""

from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Header, Path, Query
from pydantic import AwareDatetime, StringConstraints

from engine.pbx.phone import normalize_phone
from engine.records.cursors import values_of
from engine.web.api.answers import MOST_ROWS
from engine.web.problems import Problem

_LONGEST_DAYS: Final = 366
_EARLIEST: Final = date(2000, 1, 1)
_LATEST: Final = date(2199, 1, 1)

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="At most so many.")]
Begins = Annotated[AwareDatetime | None, Query(alias="from", description="Not before this moment.")]
Ends = Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment.")]
FirstDay = Annotated[date | None, Query(alias="from", description="By the shop's calendar; 29 days before `to`.")]
LastDay = Annotated[date | None, Query(alias="to", description="By the shop's calendar; today.")]
Word = Annotated[str | None, Query(max_length=60, pattern=r"^[a-z_]+$")]
Phone = Annotated[str, Path(max_length=40, description="In any usual notation.")]
IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag of what was read.")]
After = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
Before = Annotated[int | None, Query(ge=1, le=2**62, description="Only those older than this id.")]
JobName = Annotated[str | None, Query(max_length=60, pattern=r"^[a-z-]+$")]
type Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
type Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000)]


def after_values(after: str | None, count: int) -> list[str] | None:
    """Of a cursor. Raises `Problem` where it is none."""
    values = values_of(after, count) if after else None
    if after and values is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "after: give `next` of the page before.")
    return values


def stretch(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[date, date]:
    """Both days, `last` included. Raises `Problem` where they are the wrong way round, or too far apart."""
    end = last or datetime.now(zone).date()
    if not _EARLIEST <= end <= _LATEST or (first is not None and first < _EARLIEST):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"from, to: give days from {_EARLIEST} to {_LATEST}.")
    begin = first or end - timedelta(days=29)
    if not timedelta(0) <= end - begin < timedelta(days=_LONGEST_DAYS):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"from, to: give at most {_LONGEST_DAYS} days, in their order.")
    return begin, end


def moments(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, in UTC."""
    begins, ends = (datetime.combine(day, time.min, zone) for day in (first, last + timedelta(days=1)))
    return begins.astimezone(UTC), ends.astimezone(UTC)


def number_of(phone: str) -> str:
    """`+380XXXXXXXXX`. Raises `Problem`."""
    number = normalize_phone(phone)
    if number is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "This is no phone number: give one like +380671234567.")
    return number
