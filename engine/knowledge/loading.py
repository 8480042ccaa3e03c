"""A directory of articles, brought in by one at a time: at the command, or once into a knowledge base that is empty."""

from typing import Final

from engine.database import Database
from engine.database.lock import try_lock
from engine.knowledge.articles import Reading
from engine.knowledge.shelf import LOCK, Change, load

_SOME: Final = "SELECT EXISTS (SELECT FROM chunk_words) AS some"
"""The words come last: where there are none, there are no articles, or their load never came to its end."""


async def load_alone(database: Database, reading: Reading, *, replace: bool = False) -> list[Change] | None:
    """As `shelf.load`; None: another is changing articles. Raises `DatabaseError`."""
    async with try_lock(database, LOCK) as lock:
        return None if lock is None else await load(database, reading, replace=replace)


async def fill(database: Database, reading: Reading) -> list[Change] | None:
    """Load it where there are no articles at all. What is there may have been changed since it was loaded: no start of
    ours undoes that. None: there are some, or another is changing them. Raises `DatabaseError`."""
    async with try_lock(database, LOCK) as lock:
        if lock is None or (await database.fetch(_SOME))[0]["some"]:
            return None
        return await load(database, reading)
