"""One article is put, or taken away, by itself: for an editor, where `shelf.load` takes a whole directory.

Cutting a long article into chunks and stems takes some hundred milliseconds, for which the caller's loop, which may be
that of calls, must not stop: all of it is done on a loop in a thread of its own. The others are handed to `load` as
files it cannot read, which it leaves as they are. What is put so is people's: no directory overrules it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import trio

from engine.config import DatabaseConfig
from engine.database import Database, Runner
from engine.database.lock import try_lock
from engine.knowledge.articles import Article, Broken, Reading, parse_article
from engine.knowledge.shelf import LOCK, Change, load

_TAG_DIGITS: Final = 16
_PATIENCE: Final = 5.0
_KNOWN: Final = "SELECT path, content_hash FROM articles"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. `busy`: a directory is being loaded; else the article is not what the editor believes."""

    busy: bool


def tag_of(content_hash: str) -> str:
    """By it an editor says which article he has read."""
    return content_hash[:_TAG_DIGITS]


def written(
    path: str, title: str, category: str, text: str, language: str = "uk",
    valid_until: date | str | None = None,
) -> Article:  # fmt: skip
    """An article by the rules of its files. Raises `NoArticle`."""
    fields = {"title": title, "category": category, "language": language, "valid_until": valid_until or ""}
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return parse_article(path, f"---\n{head}\n---\n{text}")


async def put(config: DatabaseConfig, article: Article, expected: str | None) -> Change | Refused:
    """Save it. `expected`: the tag of the one that is there; None: there is none of that path. Raises
    `DatabaseError`."""
    return await _alone(config, article.path, expected, (article,))


async def remove(config: DatabaseConfig, path: str, expected: str) -> Change | Refused:
    """Take it away. Raises `DatabaseError`."""
    return await _alone(config, path, expected, ())


async def _alone(
    config: DatabaseConfig, path: str, expected: str | None, articles: tuple[Article, ...]
) -> Change | Refused:
    work = partial(_change, path=path, expected=expected, articles=articles)
    return await trio.to_thread.run_sync(trio.run, _with_database, config, work)


async def _with_database(
    config: DatabaseConfig, work: Callable[[Database], Awaitable[Change | Refused]]
) -> Change | Refused:
    async with Database(config.model_copy(update={"pool_size": 1})) as database:
        await database.wait_available(_PATIENCE)
        return await work(database)


async def _change(
    database: Database, *, path: str, expected: str | None, articles: tuple[Article, ...]
) -> Change | Refused:
    async with try_lock(database, LOCK) as lock:
        if lock is None:
            return Refused(busy=True)
        tags = {row["path"]: tag_of(row["content_hash"]) for row in await database.fetch(_KNOWN)}
        if tags.get(path) != expected:
            return Refused(busy=False)
        return await _load_one(database, path, articles, tags.keys() - {path})


async def _load_one(database: Runner, path: str, articles: tuple[Article, ...], others: set[str]) -> Change:
    untouched = tuple(Broken(other, "not the one that is edited") for other in others)
    changes = await load(database, Reading(articles, untouched), origin="console", replace=True)
    return next(change for change in changes if change.path == path)
