"""Jobs asked for from outside: begun in a process of their own, once at a time."""

import pytest
import trio

from engine.config import Config
from engine.database import Database
from engine.database.lock import try_lock
from engine.web.api.backend import Start
from ops.embedded.postgres import EmbeddedPostgres
from ops.jobs import runs
from ops.jobs.desk import open_desk
from ops.jobs.table import JOBS
from tests.database.fresh import fresh_database

PATIENCE = 90.0


@pytest.fixture
def overrides(server: EmbeddedPostgres) -> dict[str, dict[str, str]]:
    return {"database": {"url": server.url}}


async def ended(database: Database) -> runs.JobRun:
    with trio.fail_after(PATIENCE):
        while not (found := await runs.history(database)) or found[0].ok is None:  # noqa: ASYNC110 - a table says nothing
            await trio.sleep(0.1)
    return found[0]


async def test_a_job_runs_in_a_process_of_its_own(
    server: EmbeddedPostgres, overrides: dict[str, dict[str, str]]
) -> None:
    async with fresh_database(server) as database, open_desk(Config.from_env(overrides), overrides) as desk:
        assert {job["name"] for job in desk.listed()} == set(JOBS)
        assert await desk.start(database, "nonsense") is Start.UNKNOWN
        assert await desk.start(database, "partitions") is Start.STARTED
        run = await ended(database)
        assert (run.job, run.ok, run.scheduled_for) == ("partitions", True, None)
        [told] = await desk.history(database, "partitions", 5)
        assert told["output"] == run.output


async def test_what_is_being_run_is_not_begun_again(
    server: EmbeddedPostgres, overrides: dict[str, dict[str, str]]
) -> None:
    async with fresh_database(server) as database, open_desk(Config.from_env(overrides), overrides) as desk:
        async with try_lock(database, runs.lock_name("partitions")):
            assert await desk.start(database, "partitions") is Start.RUNNING
        assert await runs.history(database) == []
