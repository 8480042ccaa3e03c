"""Searching the articles in a real PostgreSQL: by words, by vectors, by both; without either half; while it is away."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import trio
from pydantic import SecretStr
from structlog.testing import capture_logs

from engine.config import DatabaseConfig
from engine.database import Database
from engine.errors import DatabaseAway
from engine.knowledge.embeddings import EmbeddingSet, Made, QueryVector, as_sql
from engine.knowledge.search import NoKnowledge, Passage, open_search
from engine.metrics import REGISTRY
from ops.embedded.postgres import EmbeddedPostgres
from tests.knowledge.shop import TODAY, article, searching

DELIVERY: Final = article("delivery.md", "Доставка", "Веземо шини по всій Україні за 250 гривень.", "delivery")
PAYMENT: Final = article("payment.md", "Оплата", "Платити можна карткою або готівкою.", "payment")
WARRANTY: Final = article("warranty.md", "Гарантія", "П'ять років від дати виготовлення.", "warranty")
WINTER: Final = article("winter.md", "Зимові шини", "Беріть липучку для міста.", "guides")
SHELF: Final = (DELIVERY, PAYMENT, WARRANTY, WINTER)
AXES: Final = {"delivery.md": 0, "payment.md": 1, "warranty.md": 2, "winter.md": 3}


class Meaning:
    """Vectors by hand: each article its own axis, and a question whatever it is given."""

    def __init__(self, *axes: float, delay: float = 0.0, table: str = "embeddings_1") -> None:
        made = Made("local", "multilingual-e5-small-q4", 4)
        number = int(table.removeprefix("embeddings_"))
        self._answer = QueryVector(EmbeddingSet(number, made, "active", datetime.now(UTC), None, None), _unit(axes))
        self._delay = delay

    async def embed(self, text: str) -> QueryVector | None:
        await trio.sleep(self._delay)
        return self._answer


def _unit(axes: Sequence[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    vector = np.array(axes, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


async def embed(database: Database) -> None:
    """The set 1, as a reindex would have left it."""
    await database.execute(
        "CREATE TABLE embeddings_1 (chunk_hash text PRIMARY KEY, embedding vector(4) NOT NULL);"
        "CREATE INDEX ON embeddings_1 USING hnsw (embedding vector_cosine_ops)"
    )
    rows = await database.fetch("SELECT hash, path FROM chunks JOIN articles ON articles.id = article_id")
    for row in rows:
        vector = np.eye(4, dtype=np.float32)[AXES.get(row["path"], 0)]
        await database.execute("INSERT INTO embeddings_1 VALUES (%s, %s::vector)", [row["hash"], as_sql(vector)])


def sources(passages: Sequence[Passage]) -> list[str]:
    return [passage.source for passage in passages]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Скільки коштує доставка?", "delivery.md"),
        ("когда привезут заказ", "delivery.md"),
        ("оплата наличными", "payment.md"),
        ("яка горантія", "warranty.md"),
        ("гарантия сколько лет", "warranty.md"),
        ("зимняя резина", "winter.md"),
    ],
)
async def test_words_alone_answer(shop_server: EmbeddedPostgres, question: str, path: str) -> None:
    async with searching(shop_server, *SHELF) as (search, _):
        assert sources(await search.search(question))[:1] == [path]


@pytest.mark.parametrize("question", ["", "???", "а як у вас", "рецепт борщу", "хто президент", "'; DROP TABLE chunks"])
async def test_nothing_is_found_where_nothing_is(shop_server: EmbeddedPostgres, question: str) -> None:
    async with searching(shop_server, *SHELF) as (search, _):
        assert await search.search(question) == []


async def test_a_passage_tells_where_it_is_from(shop_server: EmbeddedPostgres) -> None:
    async with searching(shop_server, article("p/a.md", "Доставка", "Всюди.\n\n## Ціна\nСто гривень.")) as (search, _):
        assert await search.search("ціна доставки") == [Passage("p/a.md", "Доставка / Ціна", "Сто гривень.")]


async def test_vectors_find_what_shares_no_word(shop_server: EmbeddedPostgres) -> None:
    async with searching(shop_server, *SHELF, vectors=Meaning(0, 0.1, 1, 0)) as (search, database):
        await embed(database)
        assert sources(await search.search("скільки років обіцяєте"))[:1] == ["warranty.md"]


async def test_what_is_far_from_everything_is_not_found(shop_server: EmbeddedPostgres) -> None:
    async with searching(shop_server, *SHELF, vectors=Meaning(1, 1, 1, 1)) as (search, database):
        await embed(database)
        assert await search.search("рецепт борщу") == []


async def test_a_category_is_preferred_and_hides_nothing(shop_server: EmbeddedPostgres) -> None:
    twins = (article("a.md", "Ціна", "Ціна доставки.", "faq"), article("b.md", "Ціна", "Ціна доставки!", "delivery"))
    async with searching(shop_server, *twins, WARRANTY) as (search, _):
        assert sources(await search.search("ціна доставки")) == ["a.md", "b.md"]
        assert sources(await search.search("ціна доставки", "delivery")) == ["b.md", "a.md"]
        assert sources(await search.search("гарантія", "payment")) == ["warranty.md"]


async def test_an_expired_article_is_out_by_the_shops_calendar(shop_server: EmbeddedPostgres) -> None:
    last_day = article("a.md", "Акція", "Знижка на шини.", valid_until=TODAY)
    over = article("b.md", "Акція", "Знижка на диски.", valid_until=TODAY - timedelta(days=1))
    async with searching(shop_server, last_day, over) as (search, database):
        assert sources(await search.search("яка знижка")) == ["a.md"]
        async with open_search(database, None, lambda: date(2026, 11, 23)) as tomorrow:
            assert await tomorrow.search("яка знижка") == []


async def test_a_question_of_small_words_is_asked_of_the_vectors(shop_server: EmbeddedPostgres) -> None:
    async with searching(shop_server, *SHELF, vectors=Meaning(1, 0.1, 0, 0)) as (search, database):
        await embed(database)
        assert sources(await search.search("Де ви?"))[:1] == ["delivery.md"]


async def test_old_promotions_hide_nothing(shop_server: EmbeddedPostgres) -> None:
    """Nearer than what is valid, and more of them than are taken."""
    over = [article(f"{n}.md", f"Акція {n}", "Знижка.", valid_until=TODAY - timedelta(days=1)) for n in range(60)]
    async with searching(shop_server, PAYMENT, *over, vectors=Meaning(1, 0.2, 0, 0)) as (search, database):
        await embed(database)
        await database.execute(
            "UPDATE embeddings_1 SET embedding = CASE path WHEN 'payment.md' THEN '[1,0.5,0,0]' ELSE '[1,0.3,0,0]' END"
            "::vector FROM chunks JOIN articles ON articles.id = article_id WHERE hash = chunk_hash"
        )
        await database.execute("DELETE FROM articles WHERE path = '59.md'")  # its vector stays until the next reindex
        assert sources(await search.search("Де ви?")) == ["payment.md"]


def words_only() -> float:
    return REGISTRY.get_sample_value("callctl_knowledge_words_only_total") or 0.0


async def test_vectors_that_take_too_long_are_not_waited_for_but_counted(shop_server: EmbeddedPostgres) -> None:
    before = words_only()
    async with searching(shop_server, *SHELF, vectors=Meaning(1, 0, 0, 0, delay=60)) as (search, database):
        await embed(database)
        with trio.fail_after(10), capture_logs() as logs:
            assert sources(await search.search("яка гарантія")) == ["warranty.md"]
    assert words_only() == before + 1
    assert [each["event"] for each in logs] == ["no_vector_in_time"]


async def test_a_set_that_was_dropped_just_now_leaves_the_words(shop_server: EmbeddedPostgres) -> None:
    before = words_only()
    async with searching(shop_server, *SHELF, vectors=Meaning(1, 0, 0, 0, table="embeddings_7")) as (search, _):
        assert sources(await search.search("яка гарантія")) == ["warranty.md"]
    assert words_only() == before + 1


async def test_a_base_without_articles_finds_nothing(shop_server: EmbeddedPostgres) -> None:
    async with searching(shop_server) as (search, _):
        assert await search.search("доставка") == []


async def test_a_database_that_is_away_is_known_at_once(tmp_path: Path) -> None:
    config = DatabaseConfig(url=SecretStr(f"postgresql://nobody@/nothing?host={tmp_path}"))
    async with Database(config) as database, open_search(database, Meaning(1, delay=60), lambda: TODAY) as search:
        took = []
        for _ in range(3):  # the machine may be busy: one of them is not held up
            began = trio.current_time()
            with pytest.raises(DatabaseAway):
                await search.search("доставка")
            took.append(trio.current_time() - began)
        assert min(took) < 0.3
    with pytest.raises(DatabaseAway, match="DATABASE_URL"):
        await NoKnowledge().search("доставка")
