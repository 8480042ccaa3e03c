"""Removes what is older than the policy allows (`retention_rules`), and stands in nobody's way meanwhile.

A whole month is detached CONCURRENTLY, which waits for its readers without making others wait, and dropped. Of the
rest, some blocks at a time are swept in a transaction of their own, with a pause after each. Killed anywhere, the next
run goes on from there; two at once exclude each other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import trio

from engine.config import RetentionConfig
from engine.database import Database, Runner
from engine.database.lock import try_lock
from engine.errors import DatabaseError
from engine.records.partitions import Partition, listed, tables
from engine.records.retention_rules import Rule, Step, Verb, plan

_BLOCKS: Final = 256
"""At 8 kB: some ten thousand rows of a table, and some ten milliseconds of its locks."""
_STRETCH: Final = "ctid >= %(first)s::tid AND ctid < %(end)s::tid"
_MOST_COUNTED: Final = 100_000
_PAUSE_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 600.0
"""How long a month that is to be dropped is waited for: a back-up may be reading it. The next run finds it again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a table or of one of its partitions. `is_estimate`: of `rows`, for a month too large to be counted
    only to be dropped. `error`: it is still there, and why."""

    table: str
    target: str
    verb: Verb
    rows: int
    is_estimate: bool = False
    error: str | None = None


type Ended = Callable[[Outcome], None]
type Moved = Callable[[str, float, int], None]
"""Takes what is worked on, the steps that are done, the present one by its share, and how many there are."""


async def preview(
    database: Database, ages: RetentionConfig, now: datetime, *, moved: Moved = lambda *_: None
) -> list[Outcome]:  # fmt: skip
    """What `run` would do now. Changes nothing. Raises `DatabaseError`."""
    outcomes: list[Outcome] = []
    async with database.session(statement_timeout_ms=int(PATIENCE_SECONDS * 1000)) as session:
        steps = await _planned(session, ages, now)
        for step in steps:
            moved(step.target, len(outcomes), len(steps))
            outcomes.append(await _count(session, step))
    return outcomes


async def run(
    database: Database, ages: RetentionConfig, now: datetime, *, ended: Ended, moved: Moved = lambda *_: None,
    patience: float = PATIENCE_SECONDS,
) -> None:  # fmt: skip
    """Do all of it; `ended` hears of each step. What cannot be done within `patience` (seconds a statement) is told
    last, in a `DatabaseError`; so is a run that is going on already."""
    async with try_lock(database, "retention", lease=4 * patience) as session:
        if session is None:
            raise DatabaseError("another retention run is at work; this one has changed nothing")
        failed = await _run(session, ages, now, ended, moved)
    if failed:
        raise DatabaseError("; ".join(f"{each.target}: {each.error}" for each in failed))


async def _run(session: Runner, ages: RetentionConfig, now: datetime, ended: Ended, moved: Moved) -> list[Outcome]:
    steps = await _planned(session, ages, now)
    await _take_back(session, {step.target for step in steps if step.partition}, await listed(session))
    failed: list[Outcome] = []
    for number, step in enumerate(steps):

        def moved_on(share: float, step: Step = step, number: int = number) -> None:
            moved(step.target, number + share, len(steps))

        outcome = await _do(session, step, moved_on)
        ended(outcome)
        if outcome.error is not None:
            failed.append(outcome)
    return failed


async def _planned(session: Runner, ages: RetentionConfig, now: datetime) -> list[Step]:
    return plan(ages, now, await listed(session), await tables(session))


async def _take_back(session: Runner, going: set[str], months: Iterable[Partition]) -> None:
    """A month detached by a run that was killed, which the policy would keep now: nobody sees its rows, and half
    detached it stands in the way of all others of its table."""
    for month in months:
        if month.state != "attached" and month.name not in going:
            if month.state == "detaching":
                await _finish_detaching(session, month)
            await session.execute("SELECT ensure_partitions(%s)", [month.starts_at])


async def _do(session: Runner, step: Step, moved: Callable[[float], None]) -> Outcome:
    moved(0.0)
    try:
        if step.partition is None:
            return Outcome(step.rule.table, step.target, step.verb, await _sweep(session, step, moved))
        outcome = await _count(session, step)
        await _drop(session, step.partition)
    except DatabaseError as error:
        return Outcome(step.rule.table, step.target, step.verb, 0, error=str(error))
    return outcome


async def _drop(session: Runner, month: Partition) -> None:
    names = {"table": month.table, "month": month.name}
    if month.state == "attached":
        await session.execute("ALTER TABLE {table} DETACH PARTITION {month} CONCURRENTLY", names=names)
    elif month.state == "detaching":
        await _finish_detaching(session, month)
    await session.execute("DROP TABLE {month}", names=names)


async def _finish_detaching(session: Runner, month: Partition) -> None:
    names = {"table": month.table, "month": month.name}
    await session.execute("ALTER TABLE {table} DETACH PARTITION {month} FINALIZE", names=names)


async def _sweep(session: Runner, step: Step, moved: Callable[[float], None]) -> int:
    """By stretches of blocks, which needs no index and reads each block once. The number of rows."""
    rows, names = 0, {"table": step.target}
    [size] = await session.fetch(
        "SELECT pg_relation_size(to_regclass(quote_ident(%s))) / 8192 AS blocks", [step.target]
    )
    for first in range(0, size["blocks"], _BLOCKS):
        stretch = {"first": f"({first},0)", "end": f"({first + _BLOCKS},0)", "cutoff": step.cutoff}
        touched = await session.execute(
            f"{step.rule.change} WHERE {_STRETCH} AND {_old(step.rule)}", stretch, names=names
        )
        rows += touched
        moved(min(1.0, (first + _BLOCKS) / size["blocks"]))
        if touched:
            await trio.sleep(_PAUSE_SECONDS)
    return rows


async def _count(session: Runner, step: Step) -> Outcome:
    if step.partition is not None:
        query: LiteralString = "SELECT reltuples::bigint AS n FROM pg_class WHERE oid = to_regclass(quote_ident(%s))"
        [known] = await session.fetch(query, [step.target])
        if known["n"] > _MOST_COUNTED:
            return Outcome(step.rule.table, step.target, step.verb, known["n"], is_estimate=True)
    query = f"SELECT count(*) AS n FROM {{table}} WHERE {_old(step.rule)}"
    [row] = await session.fetch(query, {"cutoff": step.cutoff}, names={"table": step.target})
    return Outcome(step.rule.table, step.target, step.verb, row["n"])


def _old(rule: Rule) -> LiteralString:
    return f"{rule.since} < %(cutoff)s AND ({rule.only})"
