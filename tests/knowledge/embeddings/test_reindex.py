"""A new set beside the live one: what is embedded, what is copied, what survives being broken off."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trio

from engine.database import Database
from engine.errors import DatabaseError, EmbeddingsError, ReindexError
from engine.knowledge.embeddings import filling, sets
from engine.knowledge.embeddings.reindex import drop_set, plan, rebuild
from ops.embedded.postgres import EmbeddedPostgres
from tests.knowledge.embeddings.shop import SHOP, StemEmbedder, add, digest, stock

MANY = {f"Стаття {n}": f"Відповідь номер {n}" for n in range(30)}


@pytest.fixture
def embedder() -> StemEmbedder:
    return StemEmbedder()


async def vectors_in(database: Database, table: str) -> set[str]:
    return {row["chunk_hash"] for row in await database.fetch("SELECT chunk_hash FROM {t}", names={"t": table})}


async def states(database: Database) -> dict[int, str]:
    return {each.id: each.state for each in await sets.sizes(database)}


async def forget_grace(database: Database) -> None:
    await database.execute("UPDATE embedding_sets SET retired_at = retired_at - interval '1 minute'")


async def test_the_first_set(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    seen: list[tuple[str, int, int | None]] = []
    done = await rebuild(database, embedder, rate=1000, progress=lambda *each: seen.append(each))
    active = await sets.active_set(database)
    assert done is not None
    assert done.active.id == (active.id if active else None)
    assert (done.embedded, done.copied) == (5, 0)
    assert await vectors_in(database, done.active.table) == {digest(*each) for each in SHOP.items()}
    assert seen == [("chunks embedded", n, 5) for n in (2, 4, 5)] + [("building the index", 0, None)]
    indexes = await database.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [done.active.table])
    assert any("hnsw" in row["indexdef"] and "halfvec_cosine_ops" in row["indexdef"] for row in indexes)


async def test_nothing_changed_nothing_done(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    await rebuild(database, embedder, rate=1000)
    before = await states(database)
    assert await rebuild(database, embedder, rate=1000) is None
    assert await states(database) == before
    assert len(embedder.embedded) == 5


async def test_only_what_changed_is_embedded_again(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    first = await rebuild(database, embedder, rate=1000)
    embedder.embedded.clear()
    await stock(database, {**SHOP, "Оплата": "Приймаємо лише картки."})
    done = await rebuild(database, embedder, rate=1000)
    assert first is not None
    assert done is not None
    assert embedder.embedded == ["Оплата\nПриймаємо лише картки."]
    assert (done.embedded, done.copied) == (1, 4)
    assert len(await vectors_in(database, done.active.table)) == 5
    assert await states(database) == {first.active.id: "ready", done.active.id: "active"}


async def test_what_is_gone_leaves_the_index(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    await rebuild(database, embedder, rate=1000)
    await database.execute("DELETE FROM articles WHERE title = 'Оплата'")
    done = await rebuild(database, embedder, rate=1000)
    assert done is not None
    assert (done.embedded, done.copied) == (0, 4)


async def test_the_one_before_stays_and_older_ones_go(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    made, dropped = [], []
    for n in range(3):
        await add(database, {f"Нова {n}": "Текст."})
        done = await rebuild(database, embedder, rate=1000)
        assert done is not None
        made.append(done.active.id)
        dropped.append(done.dropped)
        await forget_grace(database)
    assert dropped == [(), (), (made[0],)]
    assert await states(database) == {made[1]: "ready", made[2]: "active"}
    await sets.activate(database, made[1])
    assert await states(database) == {made[1]: "active", made[2]: "ready"}


async def test_the_same_text_twice_is_embedded_once(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    await database.execute(
        "INSERT INTO chunks (article_id, n, heading, text, hash, words)"
        " SELECT article_id, 1, heading, text, hash, words FROM chunks"
    )
    await rebuild(database, embedder, rate=1000)
    assert len(embedder.embedded) == 5


async def test_chunks_that_come_meanwhile_are_in_before_the_switch(database: Database) -> None:
    await stock(database, SHOP)
    news = [{"Перша": "Одна."}, {"Друга": "Дві."}]

    async def more() -> None:
        if news:
            await add(database, news.pop())

    embedder = StemEmbedder(batch=5, before=more)
    done = await rebuild(database, embedder, rate=1000)
    assert done is not None
    assert len(await vectors_in(database, done.active.table)) == 7
    assert await sets.count_missing(database, done.active) == 0


async def test_without_articles_there_is_nothing_to_build(database: Database, embedder: StemEmbedder) -> None:
    with pytest.raises(ReindexError, match="callctl knowledge load"):
        await rebuild(database, embedder, rate=1000)
    assert await states(database) == {}


async def test_a_vendor_that_fails_costs_nothing_that_was_done(database: Database) -> None:
    await stock(database, MANY)
    with pytest.raises(EmbeddingsError):
        await rebuild(database, StemEmbedder(fail_after=10), rate=1000)
    assert await sets.active_set(database) is None
    embedder = StemEmbedder()
    assert (await plan(database, embedder.made)).to_embed == 20
    done = await rebuild(database, embedder, rate=1000)
    assert done is not None
    assert done.embedded == len(embedder.embedded) == 20
    assert list((await states(database)).values()) == ["active"]


@contextmanager
def building(server: EmbeddedPostgres, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.knowledge.embeddings.building", str(seconds)]
    with subprocess.Popen(command, env=os.environ | {"DATABASE_URL": server.url}) as process:
        try:
            yield process
        finally:
            process.kill()


async def under_way(database: Database, rows: int) -> sets.EmbeddingSet:
    """The set that is being built, once it has so many vectors."""
    with trio.fail_after(30):
        while True:
            found = await filling.building_set(database, StemEmbedder().made)
            if found and len(await vectors_in(database, found.table)) >= rows:
                return found
            await trio.sleep(0.02)


async def test_killed_and_gone_on_with(server: EmbeddedPostgres, database: Database, embedder: StemEmbedder) -> None:
    await stock(database, MANY)
    with building(server, 0.05) as process:
        begun = await under_way(database, 6)
        process.kill()
        await trio.to_thread.run_sync(process.wait)
    there = len(await vectors_in(database, begun.table))
    assert 6 <= there < len(MANY)
    with trio.fail_after(10):  # the server notices the death at once, not in this very moment
        while True:
            try:
                done = await rebuild(database, embedder, rate=1000)
            except ReindexError:
                await trio.sleep(0.05)
            else:
                break
    assert done is not None
    assert done.active.id == begun.id
    assert len(embedder.embedded) == len(MANY) - there
    assert await vectors_in(database, done.active.table) == {digest(*each) for each in MANY.items()}


async def test_killed_while_another_set_is_searched(server: EmbeddedPostgres, database: Database) -> None:
    await stock(database, MANY)
    first = await rebuild(database, StemEmbedder(model="other"), rate=1000)
    with building(server, 0.05) as process:
        await under_way(database, 4)
        process.kill()
    assert first is not None
    active = await sets.active_set(database)
    assert active is not None
    assert active.id == first.active.id
    assert len(await vectors_in(database, active.table)) == len(MANY)


async def test_one_at_a_time(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    go_on = trio.Event()
    first = StemEmbedder(before=go_on.wait)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: rebuild(database, first, rate=1000))
        begun = await under_way(database, 0)
        with pytest.raises(ReindexError, match="another process"):
            await rebuild(database, embedder, rate=1000)
        with pytest.raises(ReindexError, match="another process"):
            await drop_set(database, begun.id)
        go_on.set()
    assert embedder.embedded == []
    assert list((await states(database)).values()) == ["active"]


async def test_the_rate_is_kept(database: Database) -> None:
    await stock(database, {f"{n}": "Текст." for n in range(20)})
    began = trio.current_time()
    await rebuild(database, StemEmbedder(), rate=20)
    assert trio.current_time() - began >= 18 / 20


async def test_vectors_of_another_size_do_not_get_in(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    target = await filling.begin_set(database, embedder.made)
    longer = await StemEmbedder(dimensions=65).embed(["доставка"], "passage")
    with pytest.raises(DatabaseError, match="expected 64 dimensions, not 65"):
        await filling.save(database, target, ["1"], longer)
    assert await vectors_in(database, target.table) == set()


async def test_another_size_of_the_same_model_is_another_set(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    await rebuild(database, embedder, rate=1000)
    larger = StemEmbedder(dimensions=128)
    planned = await plan(database, larger.made)
    assert (planned.alike, planned.needed, planned.to_embed) == (False, True, 5)
    done = await rebuild(database, larger, rate=1000)
    assert done is not None
    assert (done.embedded, done.copied) == (5, 0)


async def test_a_way_back_is_not_paid_for_again(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    await rebuild(database, embedder, rate=1000)
    await rebuild(database, StemEmbedder(model="other"), rate=1000)
    embedder.embedded.clear()
    await add(database, {"Нова": "Стаття."})
    done = await rebuild(database, embedder, rate=1000)
    assert done is not None
    assert (done.embedded, done.copied) == (1, 5)
    assert embedder.embedded == ["Нова\nСтаття."]


async def test_what_may_not_be_dropped_or_activated(database: Database, embedder: StemEmbedder) -> None:
    await stock(database, SHOP)
    first = await rebuild(database, embedder, rate=1000)
    second = await rebuild(database, StemEmbedder(model="other"), rate=1000)
    unfinished = await filling.begin_set(database, StemEmbedder(model="third").made)
    assert first is not None
    assert second is not None
    for set_id, told in ((second.active.id, "active one"), (first.active.id, "try again in 10 s"), (999, "no set 999")):
        with pytest.raises(ReindexError, match=told):
            await drop_set(database, set_id)
    with pytest.raises(ReindexError, match="not finished"):
        await sets.activate(database, unfinished.id)
    await forget_grace(database)
    await drop_set(database, first.active.id)
    await drop_set(database, unfinished.id)
    assert await states(database) == {second.active.id: "active"}
    tables = await database.fetch("SELECT FROM pg_tables WHERE tablename ~ '^embeddings_'")
    assert len(tables) == 1
