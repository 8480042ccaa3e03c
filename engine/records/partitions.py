"""The monthly partitions: made ahead of time, listed, and watched for how far ahead they reach.

Which tables roll by month is what the catalogue says, so that none can be forgotten. Whoever writes a record makes a
missing month himself (`ensure_partitions` in sql/): here it is only made sure that nobody has to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import trio

from engine import metrics
from engine.database import Runner
from engine.errors import DatabaseError
from engine.log import get_logger
from engine.records.months import Month, months_from

log = get_logger("records.partitions")

WATCH_SECONDS: Final = 300.0
_DAY: Final = timedelta(days=1)
_LISTED: Final = """
    SELECT table_name, name, starts_at, ends_at, bytes,
           CASE WHEN detaching THEN 'detaching' ELSE 'attached' END AS state
    FROM partitions
    UNION ALL
    SELECT table_name, name, starts_at, ends_at, pg_total_relation_size(quote_ident(name)::regclass), 'detached'
    FROM detached_partitions
    ORDER BY table_name, starts_at"""


type State = Literal["attached", "detaching", "detached"]


@dataclass(frozen=True, slots=True)
class Partition:
    """A month of a table, from `starts_at` up to, not including, `ends_at`. Only what is attached is seen by whoever
    reads or writes the table; the rest was left by a retention run that died between detaching and dropping."""

    table: str
    name: str
    starts_at: datetime
    ends_at: datetime
    state: State
    bytes: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a table's partitions reach without a gap. `missing`: months among the present and the next."""

    table: str
    reaches: datetime
    days_ahead: float
    missing: tuple[Month, ...]


async def ensure(database: Runner, now: datetime, months_ahead: int) -> list[str]:
    """Make what is missing of the present month and so many after it, in every table; the names of what was made.
    May be repeated, also at the same time by somebody else. Raises `DatabaseError`."""
    made: list[str] = []
    for month in months_from(now, months_ahead):
        rows = await database.fetch("SELECT ensure_partitions(%s) AS name", [month.start])
        made += [row["name"] for row in rows]
    return made


async def listed(database: Runner) -> list[Partition]:
    """All there are, by table and month. Raises `DatabaseError`."""
    rows = await database.fetch(_LISTED)
    return [Partition(row.pop("table_name"), **row) for row in rows]


async def tables(database: Runner) -> list[str]:
    """The tables that roll by month. Raises `DatabaseError`."""
    return [row["name"] for row in await database.fetch("SELECT name FROM partitioned_tables ORDER BY name")]


async def coverages(database: Runner, now: datetime) -> list[Coverage]:
    """Of every table that rolls by month, by name. Raises `DatabaseError`."""
    partitions = await listed(database)
    return [coverage(name, [each for each in partitions if each.table == name], now) for name in await tables(database)]


def coverage(table: str, partitions: Iterable[Partition], now: datetime) -> Coverage:
    """Pure. Where the present month is missing, it reaches no farther than `now`."""
    there = [each for each in partitions if each.state == "attached"]
    reaches = _reaches(sorted(there, key=lambda each: each.starts_at), now)
    missing = tuple(month for month in months_from(now, 1) if not _covers(there, month))
    return Coverage(table, reaches, (reaches - now) / _DAY, missing)


def _covers(partitions: Iterable[Partition], month: Month) -> bool:
    return any(each.starts_at <= month.start and month.after(1).start <= each.ends_at for each in partitions)


def _reaches(partitions: Sequence[Partition], now: datetime) -> datetime:
    end = now
    for each in partitions:
        if each.starts_at <= end < each.ends_at:
            end = each.ends_at
    return end


async def watch(database: Runner) -> None:
    """Keep this month and the next in place, should nobody else do so, and the metric of how far ahead the partitions
    reach. Runs until cancelled."""
    while True:
        now = datetime.now(UTC)
        try:
            await ensure(database, now, 1)
            for each in await coverages(database, now):
                metrics.PARTITIONS_AHEAD.labels(each.table).set(each.days_ahead)
        except DatabaseError as error:
            log.warning("partitions_unknown", error=str(error))
        await trio.sleep(WATCH_SECONDS)
