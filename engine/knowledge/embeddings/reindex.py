"""Brings the vectors up to date: a new set beside the live one, filled, indexed, and switched to in one transaction.

One at a time in the whole database. A run that was broken off, however, is taken up by the next one for the same
provider, model and dimensions. From a set made alike, what has not changed is copied and not paid for again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import trio

from engine.config import Config
from engine.database import Database, Runner
from engine.database.lock import try_lock
from engine.errors import LockLost, ReindexError
from engine.knowledge.embeddings import filling, sets
from engine.knowledge.embeddings.base import Embedder, Made
from engine.knowledge.embeddings.pace import Pace
from engine.knowledge.embeddings.providers import wanted, with_embedder
from engine.knowledge.embeddings.sets import EmbeddingSet

LOCK: Final = "embeddings"
_PAGE: Final = 512
"""Chunks read at a time."""
_ROUNDS: Final = 10
"""How often chunks may come between the last look and the switch."""

type Progress = Callable[[str, int, int | None], None]
"""Takes what is done at the moment, how much of it, and of how much (None: nobody knows)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reindex would do. `chunks`: different ones in all."""

    active: EmbeddingSet | None
    wanted: Made
    chunks: int
    to_embed: int
    stale: int
    """Vectors in the active set whose chunks are gone, where it is what is wanted."""
    source: EmbeddingSet | None
    """Where unchanged vectors are copied from."""
    resumes: EmbeddingSet | None

    @property
    def alike(self) -> bool:
        return self.active is not None and self.active.made == self.wanted

    @property
    def needed(self) -> bool:
        return bool(self.chunks) and not (self.alike and not self.to_embed and not self.stale)


@dataclass(frozen=True, slots=True)
class Reindexed:
    """The set that is active now, and where its vectors are from."""

    active: EmbeddingSet
    embedded: int
    copied: int
    dropped: tuple[int, ...]
    """Sets made alike that nobody needs any more."""


async def plan(runner: Runner, wanted: Made) -> Plan:
    """Changes nothing."""
    active = await sets.active_set(runner)
    alike = active if active is not None and active.made == wanted else None
    source = alike or await filling.finished_set(runner, wanted)
    resumes = await filling.building_set(runner, wanted)
    chunks = await sets.count_chunks(runner)
    begun = [each for each in (source, resumes) if each is not None]
    return Plan(
        active, wanted, chunks,
        to_embed=min([await sets.count_missing(runner, each) for each in begun], default=chunks),
        stale=await sets.count_stale(runner, alike) if alike else 0, source=source, resumes=resumes,
    )  # fmt: skip


async def reindex(
    config: Config, database: Database, *, rate: float | None = None, progress: Progress = lambda what, done, of: None
) -> Reindexed | None:
    """By the provider of the settings, EMBEDDINGS_RATE texts a second at most or `rate`. See `rebuild`."""

    async def work(embedder: Embedder) -> Reindexed | None:
        return await rebuild(database, embedder, rate=rate or config.embeddings.rate, progress=progress)

    return await with_embedder(config, wanted(config), work)


async def rebuild(
    database: Database, embedder: Embedder, *, rate: float, progress: Progress = lambda what, done, of: None
) -> Reindexed | None:
    """None: nothing has changed. Raises `ReindexError` if another run is under way or there is nothing to embed;
    `EmbeddingsError`, `DatabaseError`: what was done until then stays, and the next run goes on from there."""

    async def work() -> Reindexed | None:
        async with database.session() as session:
            planned = await plan(session, embedder.made)
            if not planned.chunks:
                raise ReindexError("there is nothing to embed: load articles first, callctl knowledge load DIR")
            if not planned.needed:
                return None
            return await _Run(session, embedder, Pace(rate, trio.current_time()), progress).build(planned)

    return await alone(database, work)


async def drop_set(database: Database, set_id: int) -> None:
    """Not while one is being built: it might be this one. Raises `ReindexError`."""
    await alone(database, lambda: sets.drop(database, set_id))


async def alone[T](database: Database, work: Callable[[], Awaitable[T]]) -> T:
    """What `work` gives, while nobody else in the whole database builds. Raises `ReindexError`, also when the lock is
    lost on the way: then another may have begun."""
    async with try_lock(database, LOCK) as lock:
        if lock is None:
            raise ReindexError("embeddings are being built by another process: wait until it is done")
        try:
            return await lock.during(work)
        except LockLost as error:
            raise ReindexError(f"{error}, which kept others from building: run it again, it goes on") from error


class _Run:
    def __init__(self, session: Runner, embedder: Embedder, pace: Pace, progress: Progress) -> None:
        self._session = session
        self._embedder = embedder
        self._pace = pace
        self._progress = progress

    async def build(self, planned: Plan) -> Reindexed:
        target = planned.resumes or await filling.begin_set(self._session, planned.wanted)
        copied = embedded = 0
        if planned.source is not None:
            copied = await filling.copy_unchanged(self._session, planned.source, target)
        for _ in range(_ROUNDS):
            embedded += await self._fill(target)
            self._progress("building the index", 0, None)
            await filling.build_index(self._session, target)
            if await sets.switch_if_complete(self._session, target):
                dropped = await self._drop_superseded(planned)
                return Reindexed(target, embedded, copied, dropped)
        raise ReindexError("articles are being loaded all the time: run it again when that is over")

    async def _fill(self, target: EmbeddingSet) -> int:
        """Embed what is missing; how many."""
        total = await sets.count_missing(self._session, target)
        done = 0
        last = ""
        while page := await filling.missing_after(self._session, target, last, _PAGE):
            last = page[-1].hash
            for at in range(0, len(page), self._embedder.batch):
                batch = page[at : at + self._embedder.batch]
                await trio.sleep(self._pace.wait_for(len(batch), trio.current_time()))
                vectors = await self._embedder.embed([each.text for each in batch], "passage")
                await filling.save(self._session, target, [each.hash for each in batch], vectors)
                done += len(batch)
                self._progress("chunks embedded", done, max(total, done))
        return done

    async def _drop_superseded(self, planned: Plan) -> tuple[int, ...]:
        """The set just replaced stays, to roll back to; older ones made alike go."""
        replaced = planned.active.id if planned.active else 0
        old = [each.id for each in await sets.retired(self._session, planned.wanted) if each.id != replaced]
        for set_id in old:
            await sets.drop(self._session, set_id)
        return tuple(old)
