"""The sample articles by the emulated provider's vectors: what compose.yaml shows whoever has no key."""

from typing import Final

import trio

from engine.config import Config
from engine.database import Database
from engine.knowledge.articles import read_directory
from engine.knowledge.embeddings import open_query_embedder
from engine.knowledge.embeddings.reindex import reindex
from engine.knowledge.evaluation import ask_all, read_questions, recalls
from engine.knowledge.search import given, open_search
from engine.knowledge.shelf import load
from ops.seed.questions import QUESTIONS
from tests.knowledge.embeddings.shop import with_provider
from tests.knowledge.shop import SEED, TODAY

RECALL: Final = 0.75
NOTHING_FOUND: Final = 0.8
"""A little below what was measured, 0.81 and 0.9."""


async def test_what_answers_is_found(database: Database, config: Config) -> None:
    config = with_provider(config, "google")
    await load(database, read_directory(SEED))
    await reindex(config, database)
    async with (
        open_query_embedder(config, database) as vectors,
        open_search(database, vectors, lambda: TODAY) as search,
    ):
        with trio.fail_after(20):
            await vectors.wait_serving()

        async def find(question: str) -> list[str]:
            return [each.found.path for each in given(await search.ranked(question))]

        *_, found = recalls(await ask_all(read_questions(QUESTIONS), find, lambda asked: None))
    assert found.recall >= RECALL
    assert found.nothing_found >= NOTHING_FOUND * found.nothing
