"""One article put or taken away by itself; the vectors follow."""

from collections.abc import AsyncIterator

import pytest
import trio
from pydantic import SecretStr

from engine.config import Config, DatabaseConfig
from engine.database import Database
from engine.database.lock import try_lock
from engine.knowledge.articles import Reading
from engine.knowledge.editing import Refused, put, remove, tag_of, written
from engine.knowledge.embeddings import sets
from engine.knowledge.embeddings.catching_up import catch_up
from engine.knowledge.embeddings.reindex import reindex
from engine.knowledge.loading import fill, load_alone
from engine.knowledge.shelf import LOCK, Change, find, listed, load
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


async def test_a_directory_leaves_what_people_wrote(config: DatabaseConfig, database: Database) -> None:
    directory = Reading((DELIVERY, PAYMENT), ())
    await load_alone(database, directory)
    edited = written("delivery.md", "Доставка", "delivery", "Доставка вже безкоштовна.")
    await put(config, edited, await tag(database, "delivery.md"))
    await put(config, written("promo.md", "Акція", "general", "Знижка у листопаді."), None)
    await database.execute("UPDATE articles SET content_hash = 'as another version made it' WHERE path = 'promo.md'")

    assert await load_alone(database, directory) == [
        Change("kept", "delivery.md"), Change("unchanged", "payment.md"), Change("kept", "promo.md"),
    ]  # fmt: skip
    assert {each.path: each.origin for each in await listed(database)} == {
        "delivery.md": "console", "payment.md": "file", "promo.md": "console",
    }  # fmt: skip
    found = await find(database, "delivery.md")
    assert found is not None
    assert found[0]["text"] == "Доставка вже безкоштовна."
    assert await tag(database, "promo.md") != "as another versi", "people's are cut anew as others are"

    assert await load_alone(database, directory, replace=True) == [
        Change("updated", "delivery.md"), Change("unchanged", "payment.md"), Change("removed", "promo.md"),
    ]  # fmt: skip
    assert {each.origin for each in await listed(database)} == {"file"}


async def test_what_says_the_same_as_its_file_is_the_files(config: DatabaseConfig, database: Database) -> None:
    await put(config, DELIVERY, None)
    assert await load_alone(database, Reading((DELIVERY,), ())) == [Change("unchanged", "delivery.md")]
    assert await load_alone(database, Reading((PAYMENT,), ())) == [
        Change("added", "payment.md"), Change("removed", "delivery.md"),
    ]  # fmt: skip


async def test_only_an_empty_knowledge_base_is_filled(config: DatabaseConfig, database: Database) -> None:
    """At each start: whatever was edited or taken away since the first stays so."""
    directory = Reading((DELIVERY, PAYMENT), ())
    async with try_lock(database, LOCK):
        assert await fill(database, directory) is None
        assert await load_alone(database, directory) is None
    assert await fill(database, directory) == [Change("added", "delivery.md"), Change("added", "payment.md")]
    await remove(config, "payment.md", await tag(database, "payment.md"))
    assert await fill(database, directory) is None
    assert [each.path for each in await listed(database)] == ["delivery.md"]


async def test_a_filling_that_was_broken_off_goes_on(database: Database) -> None:
    directory = Reading((DELIVERY, PAYMENT), ())
    with trio.CancelScope() as scope:
        async with trio.open_nursery():
            await load(database, directory, lambda change: scope.cancel())
    assert 0 < len(await listed(database)) <= 2
    assert await fill(database, directory) is not None
    assert len(await listed(database)) == 2


async def test_the_vectors_follow_no_faster_than_the_rate(
    server: EmbeddedPostgres, config: DatabaseConfig, database: Database
) -> None:
    settings = Config.from_env({"database": {"url": server.url}, "embeddings": {"rate": 8}})
    await put(config, DELIVERY, None)
    await reindex(settings, database)
    for n in range(20):
        await put(config, written(f"{n}.md", f"Доставка {n}", "delivery", f"Доставка коштує {n} гривень."), None)
    began = trio.current_time()
    assert await catch_up(settings, database) == 20
    assert trio.current_time() - began >= 16 / 8, "two batches of eight before the last"


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
