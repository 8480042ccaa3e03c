"""One article put or taken away by itself; the vectors follow."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from engine.config import Config, DatabaseConfig
from engine.database import Database
from engine.database.lock import try_lock
from engine.knowledge.editing import LOCK, Refused, put, remove, tag_of, written
from engine.knowledge.embeddings import sets
from engine.knowledge.embeddings.catching_up import catch_up
from engine.knowledge.embeddings.reindex import reindex
from engine.knowledge.shelf import Change, find, listed
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

DELIVERY = written("delivery.md", "Доставка", "delivery", "Доставка коштує 80 гривень.")
PAYMENT = written("payment.md", "Оплата", "payment", "Оплата готівкою або карткою.")


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        yield database


@pytest.fixture
def config(server: EmbeddedPostgres) -> DatabaseConfig:
    return DatabaseConfig(url=SecretStr(server.url))


async def tag(database: Database, path: str) -> str:
    found = await find(database, path)
    assert found is not None
    return tag_of(found[0]["content_hash"])


async def test_one_is_put_and_the_others_stay(config: DatabaseConfig, database: Database) -> None:
    assert await put(config, DELIVERY, None) == Change("added", "delivery.md")
    assert await put(config, PAYMENT, None) == Change("added", "payment.md")
    before = await tag(database, "payment.md")
    changed = written("delivery.md", "Доставка", "delivery", "Самовивіз.")
    assert await put(config, changed, await tag(database, "delivery.md")) == Change("updated", "delivery.md")
    assert await tag(database, "payment.md") == before
    assert await remove(config, "delivery.md", await tag(database, "delivery.md")) == Change("removed", "delivery.md")
    assert [each.path for each in await listed(database)] == ["payment.md"]


async def test_nothing_is_done_to_what_is_not_as_believed(config: DatabaseConfig, database: Database) -> None:
    await put(config, DELIVERY, None)
    assert await put(config, DELIVERY, None) == Refused(busy=False)
    assert await put(config, DELIVERY, "0000") == Refused(busy=False)
    assert await put(config, PAYMENT, "0000") == Refused(busy=False)
    assert await remove(config, "delivery.md", "0000") == Refused(busy=False)
    async with try_lock(database, LOCK):
        assert await put(config, PAYMENT, None) == Refused(busy=True)


async def test_the_vectors_follow(server: EmbeddedPostgres, config: DatabaseConfig, database: Database) -> None:
    settings = Config.from_env({"database": {"url": server.url}})
    assert await catch_up(settings, database) == 0, "no set to be brought up to date"
    await put(config, DELIVERY, None)
    await reindex(settings, database)
    await put(config, PAYMENT, None)
    active = await sets.active_set(database)
    assert active is not None
    assert await sets.count_missing(database, active) == 1
    assert await catch_up(settings, database) == 1
    assert await sets.count_missing(database, active) == 0
    assert await catch_up(settings, database) == 0
