"""The job that counts days: those that are over, and those nobody counted."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from engine.config import Config
from engine.database import Database, migrate
from engine.records.statistics import Day, compute, yesterday
from ops.embedded.postgres import EmbeddedPostgres
from ops.jobs.daily_stats import daily_stats
from ops.jobs.job import JobContext
from sql import MIGRATIONS
from tests.temporary import temporary_postgres


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    with temporary_postgres() as server:
        yield server


@pytest.fixture
async def context(server: EmbeddedPostgres) -> AsyncIterator[tuple[JobContext, list[str]]]:
    config = Config.from_env({"database": {"url": server.url}})
    async with Database(config.database) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        lines: list[str] = []
        yield JobContext(config, database, lines.append), lines


async def test_what_was_missed_is_counted_once(context: tuple[JobContext, list[str]]) -> None:
    job, lines = context
    timezone = job.config.call.timezone
    last = yesterday(datetime.now(timezone))
    await daily_stats(job)
    assert [line.split(":")[0] for line in lines] == [str(last)]

    four_days_ago = Day.of(last - timedelta(days=4), timezone)
    await job.database.execute("SELECT ensure_partitions(%s)", [four_days_ago.begins])
    await job.database.execute(
        "INSERT INTO calls (id, started_at, ended_at, outcome) VALUES (%s, %s, %s, 'completed')",
        [uuid4(), four_days_ago.begins, four_days_ago.begins],
    )
    await compute(job.database, Day.of(last - timedelta(days=3), timezone), datetime.now(timezone))
    lines.clear()
    await daily_stats(job)
    days = [str(last - timedelta(days=days)) for days in (4, 2, 1, 0)]
    assert [line.split(":")[0] for line in lines] == days
    assert "1 calls, 1 resolved by the bot" in lines[0]
    await job.database.execute("UPDATE calls SET evaluated_at = now(), quality_score = 1")
    lines.clear()
    await daily_stats(job)
    assert [line.split(":")[0] for line in lines] == [str(last - timedelta(days=4)), str(last)]
