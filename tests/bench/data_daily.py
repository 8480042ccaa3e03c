"""How long the statistics of a day take: `python -m tests.bench.data_daily [--calls 100000]`.

A real PostgreSQL with a month of calls around the day, so that the day has to be found. Prints one line a run.
"""

import argparse
import time
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.records.statistics import Day, compute
from sql import MIGRATIONS
from tests.temporary import temporary_postgres

RUNS: Final = 5
TARGET_SECONDS: Final = 2.0
DAY: Final = date(2026, 11, 21)
_MONTH_HOURS: Final = 29 * 24

FILL: Final = """
    INSERT INTO calls (id, started_at, ended_at, caller, called, outcome, transfer_reason, scenario, language,
                       quality_score, cost, cost_total, answer_ms)
    SELECT gen_random_uuid(), begins, begins + random() * interval '6 minutes', '+380671234567', '100',
           (ARRAY['completed', 'caller_hung_up', 'transferred', 'silence'])[1 + i %% 4],
           CASE WHEN i %% 4 = 2 THEN (ARRAY['customer_request', 'cannot_help'])[1 + i %% 2] END,
           (ARRAY['tires', 'order', 'fitting', 'operator', 'advice'])[1 + i %% 5],
           (ARRAY['uk-UA', 'ru-RU'])[1 + i %% 2], random(),
           jsonb_build_object('speech', part, 'voice', part, 'model_input', part, 'model_output', part,
                              'model_cache_read', part, 'model_cache_write', part),
           0.06, ARRAY(SELECT (600 + random() * 1500 + 0 * i)::real FROM generate_series(1, 8))
    FROM (SELECT i, %(begins)s::timestamptz + random() * %(hours)s * interval '1 hour' AS begins,
                 jsonb_build_object('quantity', i %% 100 + 0.5, 'unit', 'second', 'price', 0.016, 'per', 60,
                                    'cost', random() / 10) AS part
          FROM generate_series(1, %(calls)s) AS i) AS drawn"""
JUDGED: Final = """
    INSERT INTO llm_usage SELECT id, started_at, 'quality', 1, now(), 'claude-haiku-4-5', 2000, 150, 0, 0, 0.00275
    FROM calls"""


async def run(url: str, calls: int) -> float:
    config = DatabaseConfig(url=SecretStr(url), statement_timeout_ms=0)
    day = Day.of(DAY, ZoneInfo("Europe/Kyiv"))
    async with Database(config) as database:
        await database.wait_available(10)
        await migrate(database, MIGRATIONS)
        await database.execute("SELECT ensure_partitions(%s)", [day.begins])
        for begins, hours, count in (
            (day.begins, day.hours, calls),
            (datetime(DAY.year, DAY.month, 1, tzinfo=UTC), _MONTH_HOURS, calls),
        ):
            await database.execute(FILL, {"begins": begins, "hours": hours, "calls": count})
        await database.execute(JUDGED)
        await database.execute("ANALYZE")
        slowest = 0.0
        for _ in range(RUNS):
            began = time.perf_counter()
            stats = await compute(database, day, day.ends)
            took = time.perf_counter() - began
            slowest = max(slowest, took)
            print(f"{stats['calls']} calls of {DAY} in {took:.2f} s")
        return slowest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    chosen = parser.parse_args()
    with temporary_postgres() as server:
        slowest = trio.run(run, server.url, chosen.calls)
    print(f"daily statistics: slowest of {RUNS} {slowest:.2f} s (bar {TARGET_SECONDS:.0f} s)")


if __name__ == "__main__":
    main()
