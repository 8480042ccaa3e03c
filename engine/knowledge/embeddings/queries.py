"""Questions as vectors of the set that is active now.

Before: the search of a call. After: whichever provider made the active set, whatever the settings ask for. The set and
who embeds for it change together, and only once the new one has proved that it can: search never stops and never
compares vectors of two kinds. Nothing here keeps a start waiting: until there is an answer, it is None.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import trio

from engine.config import Config
from engine.database import Database
from engine.errors import DatabaseError, EmbeddingsError, EngineError
from engine.knowledge.embeddings import sets
from engine.knowledge.embeddings.base import Embedder, Made, Vector
from engine.knowledge.embeddings.providers import open_embedder, wanted, with_embedder
from engine.knowledge.embeddings.sets import EmbeddingSet
from engine.log import get_logger

log = get_logger("embeddings")

_LOOK_SECONDS: Final = 1.0
"""How often the database is asked which set is active: less than `sets.GRACE_SECONDS`."""
_RETRY_SECONDS: Final = 5.0
"""How long a provider that failed is let alone."""
_PROBE: Final = "доставка"
_PROBE_SECONDS: Final = 15.0
"""A process that is only starting is no reason to complain."""
_REMEDY: Final = "callctl embeddings reindex"


@dataclass(frozen=True, slots=True)
class QueryVector:
    """To be compared with `set.table` and no other."""

    set: EmbeddingSet
    vector: Vector


@dataclass(frozen=True, slots=True)
class _Serving:
    set: EmbeddingSet
    embedder: Embedder


class QueryEmbedder:
    """One for a process (`open_query_embedder`)."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database
        self._open: dict[Made, Embedder] = {}
        self._serving: _Serving | None = None
        self._said: object = None
        self._nursery: trio.Nursery
        self._changed = trio.Event()

    @property
    def active(self) -> EmbeddingSet | None:
        """What is searched at present."""
        return self._serving.set if self._serving else None

    async def embed(self, text: str) -> QueryVector | None:
        """None: there are no vectors to compare with, or nobody to make one, now; words must do."""
        serving = self._serving
        if serving is None:
            return None
        try:
            vectors = await serving.embedder.embed([text], "query")
        except EngineError as error:
            log.warning("query_not_embedded", set=serving.set.id, error=str(error))
            return None
        return QueryVector(serving.set, vectors[0])

    async def wait_serving(self, set_id: int | None = None) -> None:
        """Until questions are embedded (for this set)."""
        while self.active is None or set_id not in (None, self.active.id):
            await self._changed.wait()

    async def run(self) -> None:
        """Follow the active set, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            while True:
                pause = _LOOK_SECONDS
                try:
                    await self._look()
                except DatabaseError as error:
                    log.debug("active_set_unknown", error=str(error))
                except EngineError as error:
                    self._say("embeddings_unusable", error=str(error), remedy=_REMEDY)
                    pause = _RETRY_SECONDS
                await trio.sleep(pause)

    async def _look(self) -> None:
        found = await sets.active_set(self._database)
        if found is None:
            self._serving = None
            self._say("embeddings_missing", remedy=_REMEDY)
        elif self._serving is None or found.id != self._serving.set.id:
            embedder = await self._embedder(found.made)
            await _prove(embedder)
            self._serving = _Serving(found, embedder)
            self._changed.set()
            self._changed = trio.Event()
            self._tell(found)

    def _tell(self, found: EmbeddingSet) -> None:
        asked = wanted(self._config)
        if asked == found.made:
            log.info("embeddings_ready", set=found.id, made=str(found.made))
        else:
            self._say("embeddings_mismatch", configured=str(asked), serving=str(found.made), set=found.id,
                      remedy=_REMEDY)  # fmt: skip

    async def _embedder(self, made: Made) -> Embedder:
        """Kept open once used: going back to a set must be as quick as leaving it."""
        if made not in self._open:
            self._open[made] = await self._nursery.start(self._hold, made)
        return self._open[made]

    async def _hold(self, made: Made, task_status: trio.TaskStatus[Embedder]) -> None:
        async with open_embedder(self._config, made) as embedder:
            task_status.started(embedder)
            await trio.sleep_forever()

    def _say(self, event: str, **facts: object) -> None:
        """Once, until there is something else to say."""
        if self._said != (event, facts):
            self._said = (event, facts)
            log.warning(event, **facts)


async def _prove(embedder: Embedder) -> None:
    with trio.move_on_after(_PROBE_SECONDS):
        await embedder.embed([_PROBE], "passage")
        return
    raise EmbeddingsError(embedder.made.provider, f"no answer within {_PROBE_SECONDS:g} s", retryable=True)


async def why_unusable(config: Config, made: Made) -> str:
    """Why nobody here can embed questions for a set made so; empty where somebody can."""
    try:
        await with_embedder(config, made, _prove)
    except EngineError as error:
        return str(error)
    return ""


@asynccontextmanager
async def open_query_embedder(config: Config, database: Database) -> AsyncGenerator[QueryEmbedder]:
    """Following the active set behind our back; opening waits for nothing."""
    embedder = QueryEmbedder(config, database)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(embedder.run, name="query embedder")
        yield embedder
        nursery.cancel_scope.cancel()
