"""A database as new as on the first day, with the project's schema: for tests that make and drop partitions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS


@asynccontextmanager
async def fresh_database(server: EmbeddedPostgres, directory: Path | None = MIGRATIONS) -> AsyncIterator[Database]:
    """Without a directory it is left empty."""
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=2)) as database:
        assert await database.wait_available(5)
        await database.execute("DROP SCHEMA public CASCADE")
        await database.execute("CREATE SCHEMA public")
        if directory is not None:
            await migrate(database, directory)
        yield database
