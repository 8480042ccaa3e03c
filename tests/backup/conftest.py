"""A real PostgreSQL with our tables and a few calls in them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from engine.config import BackupConfig, DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.temporary import temporary_postgres

CALLS = 300
MONTHS = (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    with temporary_postgres() as server:
        yield server


@pytest.fixture
def config(server: EmbeddedPostgres) -> DatabaseConfig:
    return DatabaseConfig(url=SecretStr(server.url))


@pytest.fixture
async def database(config: DatabaseConfig) -> AsyncIterator[Database]:
    """Two months, some calls in each. Names as the shop writes them."""
    async with Database(config) as database:
        assert await database.wait_available(10)
        await database.execute("DROP SCHEMA public CASCADE")
        await database.execute("CREATE SCHEMA public")
        await migrate(database, MIGRATIONS)
        for month in MONTHS:
            await database.execute("SELECT ensure_partitions(%s)", [month])
        rows = [[uuid4(), MONTHS[n % 2] + timedelta(seconds=n), f"+38050{n:07}"] for n in range(CALLS)]
        await database.execute_many("INSERT INTO calls (id, started_at, caller) VALUES (%s, %s, %s)", rows)
        await database.execute("INSERT INTO customers (phone, name) VALUES ('+380501234567', %s)", ["Їжак \\ 'Ґ'"])
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> BackupConfig:
    return BackupConfig(directory=tmp_path / "backups")
