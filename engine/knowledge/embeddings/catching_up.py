"""After an article was edited: what the active set has no vectors of is embedded into it, behind everybody's back.

Until then the article is found by its words. No faster than EMBEDDINGS_RATE, as a reindex: another shop's whole shelf
may have been loaded. A change of the provider, the model or the size is a reindex, not this.
"""

from typing import Final

import trio

from engine.config import Config
from engine.database import Database
from engine.errors import EngineError
from engine.knowledge.embeddings import filling, sets
from engine.knowledge.embeddings.base import Embedder
from engine.knowledge.embeddings.pace import Pace
from engine.knowledge.embeddings.providers import with_embedder
from engine.knowledge.embeddings.reindex import alone
from engine.log import get_logger

log = get_logger("embeddings")

_RETRY_SECONDS: Final = 30.0


async def catch_up(config: Config, database: Database) -> int:
    """How many chunks were embedded. Raises `EngineError`: what was done until then stays."""
    active = await sets.active_set(database)
    if active is None or not await sets.count_missing(database, active):
        return 0

    async def fill(embedder: Embedder) -> int:
        pace = Pace(config.embeddings.rate, trio.current_time())
        done, last = 0, ""
        while page := await filling.missing_after(database, active, last, embedder.batch):
            last = page[-1].hash
            await trio.sleep(pace.wait_for(len(page), trio.current_time()))
            vectors = await embedder.embed([each.text for each in page], "passage")
            await filling.save(database, active, [each.hash for each in page], vectors)
            done += len(page)
        return done

    return await alone(database, lambda: with_embedder(config, active.made, fill))


class CatchingUp:
    """One per process."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database
        self._wanted = trio.Event()

    def request(self) -> None:
        """Articles have changed."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            try:
                done = await catch_up(self._config, self._database)
            except EngineError as error:
                log.warning("vectors_not_renewed", error=str(error))
                await trio.sleep(_RETRY_SECONDS)
                self.request()
            else:
                log.info("vectors_renewed", chunks=done)
