"""Search goes on while the provider is changed: no question unanswered, none compared with vectors of another kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import structlog
import trio

from engine.config import Config
from engine.database import Database
from engine.knowledge.embeddings import QueryVector, as_sql, open_query_embedder, sets
from engine.knowledge.embeddings.reindex import rebuild, reindex
from tests.knowledge.embeddings.shop import QUESTIONS, SHOP, EmulatedGoogle, StemEmbedder, stock, with_provider


async def nearest(database: Database, asked: QueryVector) -> str:
    """The title. Fails where the vector and the table are not of a kind."""
    [row] = await database.fetch(
        "SELECT heading FROM {table} JOIN chunks ON hash = chunk_hash ORDER BY embedding <=> %s::vector LIMIT 1",
        [as_sql(asked.vector)],
        names=asked.set.names,
    )
    heading: str = row["heading"]
    return heading


class Searching:
    """Asks all the time; the answers by the kind of set that gave them."""

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self.wrong: list[str] = []

    async def run(self, database: Database, config: Config, task_status: trio.TaskStatus[None]) -> None:
        async with open_query_embedder(config, database) as embedder:
            await embedder.wait_serving()
            task_status.started()
            for question, title in cycle(QUESTIONS.items()):
                asked = await embedder.embed(question)
                if asked is None:
                    self.wrong.append(f"{question}: no vector")
                elif (found := await nearest(database, asked)) != title:
                    self.wrong.append(f"{question}: {found} by {asked.set}")
                else:
                    provider = asked.set.made.provider
                    self.answers[provider] = self.answers.get(provider, 0) + 1
                await trio.sleep(0.005)

    async def until(self, provider: str, more: int = 10) -> None:
        """So many more answers of that provider."""
        there = self.answers.get(provider, 0)
        with trio.fail_after(20):
            while self.answers.get(provider, 0) < there + more:  # noqa: ASYNC110 - answers come by the hundred
                await trio.sleep(0.02)


@asynccontextmanager
async def searching(database: Database, config: Config) -> AsyncIterator[Searching]:
    search = Searching()
    async with trio.open_nursery() as nursery:
        await nursery.start(search.run, database, config)
        yield search
        nursery.cancel_scope.cancel()


async def test_from_the_local_model_to_google_and_back(database: Database, config: Config) -> None:
    await stock(database, SHOP)
    local, google = with_provider(config, "local"), with_provider(config, "google")
    first = await reindex(local, database)
    assert first is not None
    async with searching(database, google) as search:  # the settings are changed first, the set follows
        await search.until("local")
        changed = await reindex(google, database)
        assert changed is not None
        assert (changed.embedded, changed.copied, changed.active.made.dimensions) == (5, 0, 768)
        await search.until("google")
        await sets.activate(database, first.active.id)
        await search.until("local")
        await sets.activate(database, changed.active.id)
        await search.until("google")
        back = await reindex(local, database)
        assert back is not None
        await search.until("local")
    assert search.wrong == []
    active = await sets.active_set(database)
    assert active is not None
    assert active.id == back.active.id


async def test_settings_that_do_not_match_still_serve_and_are_told(database: Database, config: Config) -> None:
    await stock(database, SHOP)
    await reindex(with_provider(config, "local"), database)
    google = with_provider(config, "google")
    with structlog.testing.capture_logs() as logs:
        async with open_query_embedder(google, database) as embedder:
            with trio.fail_after(20):
                await embedder.wait_serving()
            asked = await embedder.embed("чи можна оплатити карткою")
            assert asked is not None
            assert asked.set.made.provider == "local"
            assert await nearest(database, asked) == "Оплата"
            await trio.sleep(2.5)
    [told] = [each for each in logs if each["event"] == "embeddings_mismatch"]
    assert told["remedy"] == "callctl embeddings reindex"
    assert "google" in told["configured"]


async def test_dimensions_that_do_not_match_still_serve_and_are_told(database: Database, config: Config) -> None:
    await stock(database, SHOP)
    google = with_provider(config, "google")
    await reindex(google, database)
    google.embeddings = google.embeddings.model_copy(update={"google_dimensions": 256})
    with structlog.testing.capture_logs() as logs:
        async with open_query_embedder(google, database) as embedder:
            with trio.fail_after(20):
                await embedder.wait_serving()
            asked = await embedder.embed("чи можна оплатити карткою")
            assert asked is not None
            assert asked.vector.shape == (768,)
            assert await nearest(database, asked) == "Оплата"
    [told] = [each for each in logs if each["event"] == "embeddings_mismatch"]
    assert "(256)" in told["configured"]
    changed = await reindex(google, database)
    assert changed is not None
    assert changed.active.made.dimensions == 256


async def test_where_nobody_can_embed_for_the_active_set(database: Database, config: Config) -> None:
    await stock(database, SHOP)
    await rebuild(database, StemEmbedder(), rate=1000)
    with structlog.testing.capture_logs() as logs:
        async with open_query_embedder(config, database) as embedder:
            await trio.sleep(1)
            assert await embedder.embed("доставка") is None
    assert [each["event"] for each in logs] == ["embeddings_unusable"]


async def test_before_there_is_a_set_and_after(database: Database, config: Config) -> None:
    async with open_query_embedder(config, database) as embedder:
        await trio.sleep(0.3)
        assert await embedder.embed("доставка") is None
        await stock(database, SHOP)
        await reindex(config, database)
        with trio.fail_after(20):
            await embedder.wait_serving()
        assert await embedder.embed("доставка") is not None


async def test_a_new_set_is_not_searched_before_its_provider_answers(
    database: Database, config: Config, google: EmulatedGoogle
) -> None:
    await stock(database, SHOP)
    first = await reindex(with_provider(config, "local"), database)
    second = await reindex(with_provider(config, "google"), database)
    assert first is not None
    assert second is not None
    await sets.activate(database, first.active.id)
    async with open_query_embedder(config, database) as embedder:
        await embedder.wait_serving()
        google.fail(fail_next=9999)
        await sets.activate(database, second.active.id)
        await trio.sleep(4)
        asked = await embedder.embed("доставка шин")
        assert asked is not None
        assert asked.set.id == first.active.id
        google.reset()
        with trio.fail_after(60):
            await embedder.wait_serving(second.active.id)
