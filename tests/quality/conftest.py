"""A real PostgreSQL and the emulated vendor, for the tests of this folder."""

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.dialogue.emulated_vendor import Vendor

EMPTIED = "TRUNCATE calls, call_turns, call_tool_calls, call_events, llm_usage"


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=4)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        await database.execute(EMPTIED)
        yield database


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    running = Vendor()
    yield running
    running.stop()
