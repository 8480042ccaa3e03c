"""A real PostgreSQL, brought to shape, nobody known to it."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS

EMPTIED = "TRUNCATE users, access_links, user_sessions, api_keys, login_attempts, audit_log"


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=3)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        await database.execute(EMPTIED)
        yield database
