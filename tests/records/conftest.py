"""A real PostgreSQL for the tests of this folder, brought to shape, its tables empty before each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.records.spool import Spool
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS

EMPTIED = "TRUNCATE calls, call_turns, call_tool_calls, call_events, llm_usage, store_actions"


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=3)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        await database.execute(EMPTIED)
        yield database


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool.open(tmp_path / "spool", 10_000_000)
    yield spool
    spool.close()
