"""A real PostgreSQL and the application over it, nobody and nothing known to them before each test."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from engine.config import Config, DatabaseConfig
from engine.database import Database, migrate
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.access.conftest import EMPTIED as PEOPLE
from tests.records.conftest import EMPTIED as RECORDS
from tests.web.world import Site, make_site

_MORE = (
    ", customers, callback_requests, prompt_versions, prompt_activations, articles, chunks, chunk_words, daily_stats"
)


@pytest.fixture
def config(server: EmbeddedPostgres) -> Config:
    return Config.from_env({"database": {"url": server.url, "pool_size": 3}})


@pytest.fixture
async def database(config: Config) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(config.database.url.get_secret_value()), pool_size=3)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        await database.execute(PEOPLE)
        await database.execute(RECORDS + _MORE)
        yield database


@pytest.fixture
def site(database: Database, config: Config) -> Site:
    return make_site(database, config)
