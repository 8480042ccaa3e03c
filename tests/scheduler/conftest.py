"""A real PostgreSQL with our tables, empty before each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.temporary import temporary_postgres


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    with temporary_postgres() as server:
        yield server


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url))) as database:
        with trio.fail_after(20):
            assert await database.wait_available(10)
            await migrate(database, MIGRATIONS)
            await database.execute("TRUNCATE job_runs")
        yield database
