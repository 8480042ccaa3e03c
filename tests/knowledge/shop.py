"""An embedded PostgreSQL with articles in it, for tests of the knowledge base."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Final

from engine.database import Database
from engine.knowledge.articles import Article, Reading
from engine.knowledge.search import KnowledgeSearch, QueryVectors, open_search
from engine.knowledge.shelf import load
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.world import SEED_KNOWLEDGE
from tests.database.fresh import fresh_database

SEED: Final = SEED_KNOWLEDGE
TODAY: Final = date(2026, 11, 22)


def article(path: str, title: str, text: str, category: str = "faq", valid_until: date | None = None) -> Article:
    return Article(path, title, category, text, valid_until=valid_until)


def reading(*articles: Article) -> Reading:
    return Reading(articles, ())


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Files by path, in a directory; the front matter of an article where the text has none."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = text if text.startswith("---") else f"---\ntitle: {path.stem}\ncategory: faq\n---\n{text}\n"
        path.write_text(whole, encoding="utf-8")
    return directory


@asynccontextmanager
async def searching(
    server: EmbeddedPostgres, *articles: Article, vectors: QueryVectors | None = None
) -> AsyncIterator[tuple[KnowledgeSearch, Database]]:
    """A new database with these articles."""
    async with fresh_database(server) as database:
        await load(database, reading(*articles))
        async with open_search(database, vectors, lambda: TODAY) as search:
            yield search, database
