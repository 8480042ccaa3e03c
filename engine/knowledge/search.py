"""Search over the shop's articles: by words and by vectors at once, fused.

Before: a tool, with a caller waiting. After: PostgreSQL (`lookup`), whoever makes the vectors (`embeddings`), the
decision what answers (`ranking`). The words are looked up while the question's vector is made and looked up; where none
can be had in time the words answer alone. A database that is away is known within 250 ms.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, Protocol

import trio

from engine import metrics
from engine.database import Runner, Statements
from engine.database.patience import Patience
from engine.errors import DatabaseAway, DatabaseError
from engine.knowledge.embeddings import QueryVector, as_sql
from engine.knowledge.lookup import by_vector, by_words
from engine.knowledge.ranking import Hit, Ranked, rank, scale_of
from engine.knowledge.words import lexemes
from engine.log import get_logger

log = get_logger("knowledge")

LIMIT: Final = 3
_DATABASE_SECONDS: Final = 0.25
_VECTOR_SECONDS: Final = 0.8
"""How long a caller waits for the question's vector."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Something to quote. `source`: the article's path. `title`: with the headings above the text."""

    source: str
    title: str
    text: str


def given(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Of all that was considered what a model is given."""
    return [each for each in ranked if each.answers][:LIMIT]


class QueryVectors(Protocol):
    """Makes the vectors of questions, for whichever set is active (`embeddings.QueryEmbedder`)."""

    async def embed(self, text: str) -> QueryVector | None:
        """None: there are no vectors now, for whatever reason (which is logged)."""
        ...


class Knowledge(Protocol):
    """What a tool needs."""

    async def search(self, question: str, category: str | None = None) -> Sequence[Passage]:
        """At most three, of different articles, best first; none where nothing answers. Raises `DatabaseError`."""
        ...


class NoKnowledge:
    """Where no database is configured."""

    async def search(self, question: str, category: str | None = None) -> Sequence[Passage]:
        raise DatabaseAway("there are no articles without a database: DATABASE_URL is not set")


class KnowledgeSearch:
    """From `open_search`. `today`: by the shop's calendar."""

    def __init__(
        self, database: Runner, vectors: QueryVectors | None, today: Callable[[], date], patience: Patience
    ) -> None:
        self._database = database
        self._vectors = vectors
        self._today = today
        self._patience = patience

    async def search(self, question: str, category: str | None = None) -> Sequence[Passage]:
        try:
            ranked = await self.ranked(question, category)
        except DatabaseError:
            metrics.KNOWLEDGE_SEARCHES.labels("failed").inc()
            raise
        answers = [each.found for each in given(ranked)]
        metrics.KNOWLEDGE_SEARCHES.labels("found" if answers else "nothing").inc()
        return [Passage(found.path, found.heading, found.text) for found in answers]

    async def ranked(self, question: str, category: str | None = None) -> list[Ranked]:
        """All that was considered, best first, and whether it answers. Raises `DatabaseError`."""
        if not any(map(str.isalnum, question)):
            return []
        with metrics.KNOWLEDGE_SECONDS.time():
            words, vector, near = await self._both_halves(question)
        if self._vectors is not None and near is None:
            metrics.KNOWLEDGE_WORDS_ONLY.inc()
        scale = None if vector is None or near is None else scale_of(vector.set.made.model)
        return rank(words, near or (), scale, category)

    async def _both_halves(self, question: str) -> tuple[list[Hit], QueryVector | None, list[Hit] | None]:
        """By words, and by the vector that was had in time: beside each other, on connections of their own."""
        words: list[Hit] = []
        vector: QueryVector | None = None
        near: list[Hit] | None = None
        failure: DatabaseError | None = None

        async def by_meaning(vectors: QueryVectors) -> None:
            nonlocal vector, near
            vector = await self._vector(vectors, question)
            if vector is not None:
                near = await self._near(vector)

        async with trio.open_nursery() as nursery:
            if self._vectors is not None:
                nursery.start_soon(by_meaning, self._vectors)
            try:
                words = await self._by_words(lexemes(question))
            except DatabaseError as error:
                failure = error
                nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return words, vector, near

    async def _by_words(self, stems: Sequence[str]) -> list[Hit]:
        if not stems:  # a question of small words, «Де ви?», which has a meaning all the same
            return []
        today = self._today()
        return await self._in_database(lambda sql: by_words(sql, stems, today))

    async def _vector(self, vectors: QueryVectors, question: str) -> QueryVector | None:
        with trio.move_on_after(_VECTOR_SECONDS):
            return await vectors.embed(question)
        log.warning("no_vector_in_time", seconds=_VECTOR_SECONDS)
        return None

    async def _near(self, asked: QueryVector) -> list[Hit] | None:
        """None where the set could not be searched: it may have been dropped in this very moment."""
        today = self._today()
        try:
            return await self._in_database(lambda sql: by_vector(sql, asked.set.names, as_sql(asked.vector), today))
        except DatabaseError as error:
            log.warning("no_search_by_vectors", error=str(error))
            return None

    async def _in_database[T](self, work: Callable[[Statements], T]) -> T:
        """Not for long."""
        return await self._patience.within(_DATABASE_SECONDS, partial(self._database.run, work))


@asynccontextmanager
async def open_search(
    database: Runner, vectors: QueryVectors | None, today: Callable[[], date]
) -> AsyncGenerator[KnowledgeSearch]:
    """`vectors` None: by words alone."""
    patience = Patience()
    async with trio.open_nursery() as nursery:
        await nursery.start(patience.run)
        yield KnowledgeSearch(database, vectors, today, patience)
        nursery.cancel_scope.cancel()
