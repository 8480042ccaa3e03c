"""Bringing articles into the database: what is added, updated, removed, and what stays when a file breaks."""

from pathlib import Path

from engine.database import Database
from engine.knowledge.articles import Broken, Reading, read_directory
from engine.knowledge.shelf import Change, find, listed, load
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database
from tests.knowledge.shop import SEED, article, reading, write


async def words(database: Database) -> dict[str, int]:
    return {row["word"]: row["chunks"] for row in await database.fetch("SELECT word, chunks FROM chunk_words")}


async def test_added_updated_removed_unchanged(shop_server: EmbeddedPostgres) -> None:
    one, two = article("a.md", "Доставка", "Веземо шини."), article("b.md", "Оплата", "Карткою.")
    async with fresh_database(shop_server) as database:
        assert await load(database, reading(one, two)) == [Change("added", "a.md"), Change("added", "b.md")]
        assert await load(database, reading(one, two)) == [Change("unchanged", "a.md"), Change("unchanged", "b.md")]
        assert (await words(database))["шин"] == 1
        before = await database.fetch("SELECT id FROM articles WHERE path = 'a.md'")

        changed = article("a.md", "Доставка", "Веземо колеса.")
        assert await load(database, reading(changed)) == [Change("updated", "a.md"), Change("removed", "b.md")]
        assert await database.fetch("SELECT id FROM articles") == before
        assert [row["text"] for row in await database.fetch("SELECT text FROM chunks")] == ["Веземо колеса."]
        assert "оплат" not in await words(database)


async def test_every_field_counts_as_a_change(shop_server: EmbeddedPostgres) -> None:
    async with fresh_database(shop_server) as database:
        await load(database, reading(article("a.md", "Доставка", "Веземо.")))
        moved = article("a.md", "Доставка", "Веземо.", category="delivery")
        assert await load(database, reading(moved)) == [Change("updated", "a.md")]


async def test_what_is_cut_otherwise_is_renewed(shop_server: EmbeddedPostgres) -> None:
    """As after an upgrade: the article is the same, its chunks are not."""
    only = article("a.md", "Доставка", "Веземо.")
    async with fresh_database(shop_server) as database:
        await load(database, reading(only))
        await database.execute("UPDATE articles SET content_hash = 'as another version made it'")
        assert await load(database, reading(only)) == [Change("updated", "a.md")]


async def test_a_file_that_broke_leaves_the_article_it_was(shop_server: EmbeddedPostgres) -> None:
    async with fresh_database(shop_server) as database:
        await load(database, reading(article("a.md", "Доставка", "Веземо."), article("b.md", "Оплата", "Карткою.")))
        broken = Reading((article("a.md", "Доставка", "Возимо."),), (Broken("b.md", "no front matter"),))
        assert await load(database, broken) == [Change("updated", "a.md")]
        assert [each.path for each in await listed(database)] == ["a.md", "b.md"]


async def test_an_article_is_found_by_number_and_by_path(shop_server: EmbeddedPostgres) -> None:
    async with fresh_database(shop_server) as database:
        await load(database, reading(article("in/a.md", "Доставка", "Веземо.\n\n## Ціна\nСто.")))
        [only] = await listed(database)
        for key in ("in/a.md", "in/a", str(only.id)):
            found = await find(database, key)
            assert found is not None
            assert found[0]["title"] == "Доставка"
            assert [chunk.heading for chunk in found[1]] == ["Доставка", "Доставка / Ціна"]
        assert await find(database, "nowhere") is None


async def test_text_that_sql_or_its_tsvector_might_trip_over(shop_server: EmbeddedPostgres, tmp_path: Path) -> None:
    nasty = "Знижка '); DROP TABLE chunks; -- \\' : & | ! <-> 'а':1A \u2028 😀 " + "щ" * 5000
    write(tmp_path, {"nasty.md": nasty})
    async with fresh_database(shop_server) as database:
        assert await load(database, read_directory(tmp_path)) == [Change("added", "nasty.md")]


async def test_the_sample_articles_are_loaded(shop_server: EmbeddedPostgres) -> None:
    async with fresh_database(shop_server) as database:
        changes = await load(database, read_directory(SEED))
        assert {change.verb for change in changes} == {"added"}
        assert sum(each.chunks for each in await listed(database)) >= len(changes)
