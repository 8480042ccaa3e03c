"""The knowledge base as a configuration describes it, for the engine and for the command line."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

import trio

from engine.config import Config
from engine.database import Database
from engine.errors import DatabaseError
from engine.knowledge.embeddings import open_query_embedder
from engine.knowledge.embeddings.sets import active_set
from engine.knowledge.search import Knowledge, KnowledgeSearch, NoKnowledge, open_search
from engine.log import get_logger

log = get_logger("knowledge")

_EMPTY = "SELECT NOT EXISTS (SELECT FROM articles) AS empty"


@asynccontextmanager
async def open_knowledge(
    config: Config, database: Database, *, patience: float = 0.0
) -> AsyncGenerator[KnowledgeSearch]:
    """By words at once, by vectors as soon as the active set can be asked, which `patience` (seconds) waits for.
    Articles expire by the shop's calendar."""
    async with (
        open_query_embedder(config, database) as vectors,
        open_search(database, vectors, lambda: datetime.now(config.call.timezone).date()) as search,
    ):
        if patience and await active_set(database) is not None:
            with trio.move_on_after(patience):
                await vectors.wait_serving()
        yield search


@asynccontextmanager
async def open_for_calls(config: Config, database: Database | None) -> AsyncGenerator[Knowledge]:
    """Never waits for the database, and never fails for the want of one."""
    if database is None:
        yield NoKnowledge()
        return
    async with open_knowledge(config, database) as search:
        yield search


async def warn_if_empty(database: Database) -> None:
    """The bot cannot answer from articles nobody has loaded: say so once, at the start."""
    try:
        rows = await database.fetch(_EMPTY)
    except DatabaseError:
        return  # that it is away is said elsewhere
    if rows[0]["empty"]:
        log.warning("no_articles", mend="callctl knowledge load DIR")
