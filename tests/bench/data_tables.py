"""What the tables that roll by month cost: `python -m tests.bench.data_tables [--rows 5000000]`.

A real PostgreSQL: making partitions in all tables, dropping a month of turns, deleting half of another in stretches,
erasing one caller. Prints one line a figure.
"""

import argparse
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig, RetentionConfig
from engine.database import Database, migrate
from engine.records import retention
from engine.records.erasure import erase
from engine.records.partitions import ensure
from engine.records.retention import Outcome
from sql import MIGRATIONS
from tests.bench.bars import said
from tests.temporary import temporary_postgres

ROWS: Final = 5_000_000
TARGET_SECONDS: Final = 1.0
NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
_OLD: Final = datetime(2026, 6, 1, tzinfo=UTC)
_EDGE: Final = NOW - timedelta(days=90)
_FILL: Final = """
    INSERT INTO call_turns (call_id, started_at, n, at, speaker, text, language, confidence, latencies)
    SELECT gen_random_uuid(), begins, i %% 20, begins, (ARRAY['caller', 'bot'])[1 + i %% 2],
           'Мені потрібні зимові шини 205/55 R16, недорогі', 'uk-UA', 0.93, '{"final": 280, "first_audio": 910}'
    FROM (SELECT i, %s::timestamptz + i::float / %s * interval '28 days' AS begins FROM generate_series(1, %s) AS i)
         AS drawn"""


async def timed[T](work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = await work()
    return time.perf_counter() - begun, result


def say(what: str, seconds: float, target: float | None = None) -> None:
    bar = "" if target is None else f"   {said(seconds < target)}: bar {target:.0f} s"
    print(f"{what:62} {seconds:8.3f} s{bar}", flush=True)


async def making(database: Database) -> None:
    tables = len(await database.fetch("SELECT FROM partitioned_tables"))
    seconds, made = await timed(lambda: ensure(database, NOW, 3))
    say(f"ensure, {tables} tables, 3 months ahead: {len(made)} made", seconds, TARGET_SECONDS)
    seconds, _ = await timed(lambda: ensure(database, NOW, 3))
    say("ensure once more: none missing", seconds, TARGET_SECONDS)


async def removing(database: Database, rows: int) -> None:
    for begins in (_OLD, _EDGE - timedelta(days=14)):
        await database.execute(
            "SELECT ensure_partitions(%s), ensure_partitions(%s)", [begins, begins + timedelta(days=28)]
        )
    seconds, _ = await timed(lambda: database.execute(_FILL, [_OLD, rows, rows]))
    print(f"({rows:,} turns of a month written in {seconds:.0f} s)", flush=True)
    fewer = rows // 10
    await database.execute(_FILL, [_EDGE - timedelta(days=14), fewer, fewer])
    await database.execute("ANALYZE call_turns")  # as autovacuum does
    await database.execute("CHECKPOINT")
    await a_run(database)


async def a_run(database: Database) -> None:
    """Each step of a retention run that had something to do."""
    ended = time.perf_counter()

    def said(outcome: Outcome) -> None:
        nonlocal ended
        now = time.perf_counter()
        if outcome.rows:
            target = TARGET_SECONDS if outcome.verb == "dropped" else None
            say(f"retention: {outcome.verb} {outcome.rows:,} rows of {outcome.target}", now - ended, target)
        ended = now

    await retention.run(database, RetentionConfig(), NOW, ended=said)


async def erasing(database: Database) -> None:
    [row] = await database.fetch("SELECT count(*) AS n FROM call_turns")
    seconds, _ = await timed(lambda: erase(database, "+380671234567", timedelta(minutes=30)))
    say(f"erase one caller, {row['n']:,} turns searched", seconds)


async def measure(url: str, rows: int) -> None:
    async with Database(DatabaseConfig(url=SecretStr(url), statement_timeout_ms=0)) as database:
        await database.wait_available(10)
        await migrate(database, MIGRATIONS)
        await making(database)
        await removing(database, rows)
        await erasing(database)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of the month that is dropped (default {ROWS:,})")
    rows = parser.parse_args().rows
    with temporary_postgres() as server:
        trio.run(measure, server.url, rows)


if __name__ == "__main__":
    main()
