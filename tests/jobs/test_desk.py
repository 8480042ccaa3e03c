"""Jobs asked for from outside: done by the scheduler, once at a time, and not at all in silence."""

from datetime import UTC, datetime

import pytest
import trio

from engine.config import Config
from engine.database import Database
from engine.database.lock import try_lock
from engine.web.api.backend import Start
from ops.embedded.postgres import EmbeddedPostgres
from ops.jobs import requests, runs
from ops.jobs.desk import JobDesk
from ops.jobs.table import JOBS
from ops.scheduler.scheduler import Pace, Scheduler
from tests.database.fresh import fresh_database

PATIENCE = 90.0


@pytest.fixture
def config(server: EmbeddedPostgres) -> Config:
    return Config.from_env({"database": {"url": server.url}})


async def ended(database: Database) -> runs.JobRun:
    with trio.fail_after(PATIENCE):
        while not (found := await runs.history(database)) or found[0].ok is None:  # noqa: ASYNC110 - a table says nothing
            await trio.sleep(0.1)
    return found[0]


async def test_the_scheduler_runs_what_is_asked_for(server: EmbeddedPostgres, config: Config) -> None:
    desk, stop = JobDesk(config, patience=PATIENCE), trio.Event()
    async with fresh_database(server) as database, trio.open_nursery() as nursery:
        assert {job["name"] for job in desk.listed()} == set(JOBS)
        assert await desk.start(database, "nonsense") is Start.UNKNOWN
        began = datetime.now(UTC)  # stands still: nothing becomes due
        scheduler = Scheduler([JOBS["partitions"]], config, database, now=lambda: began, pace=Pace(look=0.05))
        nursery.start_soon(scheduler.run, stop)
        assert await desk.start(database, "partitions") is Start.STARTED
        run = await ended(database)
        assert (run.job, run.ok, run.scheduled_for) == ("partitions", True, None)
        [told] = await desk.history(database, "partitions", 5)
        assert told["output"] == run.output
        stop.set()


async def test_without_a_scheduler_that_is_said(server: EmbeddedPostgres, config: Config) -> None:
    async with fresh_database(server) as database:
        assert await JobDesk(config, patience=0.5).start(database, "partitions") is Start.NOBODY
        assert await requests.take(database, JOBS) == [], "nor is it run hours later, when nobody remembers"
        assert await runs.history(database) == []


async def test_what_is_being_run_is_not_begun_again(server: EmbeddedPostgres, config: Config) -> None:
    async with fresh_database(server) as database:
        async with try_lock(database, runs.lock_name("partitions")):
            assert await JobDesk(config).start(database, "partitions") is Start.RUNNING
        assert await runs.history(database) == []
