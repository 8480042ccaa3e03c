"""What `/metrics` says of the engine as a whole. Nobody tells when these change, so they are looked at now and then."""

from typing import Final

import trio

from engine import metrics, release
from engine.config import Config
from engine.database import Database
from engine.errors import DatabaseError
from engine.knowledge.embeddings.base import Made
from engine.knowledge.embeddings.providers import wanted
from engine.knowledge.embeddings.sets import active_set
from engine.pbx.admission import REASONS
from engine.records.spool import MEGABYTE
from engine.web.health import Readiness
from engine.web.zeros import begin_at_zero

_READINESS_SECONDS: Final = 1.0
_DATABASE_SECONDS: Final = 5.0


async def show_vitals(config: Config, readiness: Readiness, database: Database | None) -> None:
    """Until cancelled."""
    begin_at_zero()
    metrics.BUILD_INFO.labels(release.version(), release.commit(), release.python()).set(1)
    metrics.CALLS_LIMIT.set(config.call.max_calls)
    metrics.SPOOL_LIMIT.set(config.records.spool_megabytes * MEGABYTE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_show_readiness, readiness)
        if database is not None:
            nursery.start_soon(_show_database, database, wanted(config))


async def _show_readiness(readiness: Readiness) -> None:
    while True:
        reasons = readiness.reasons()
        for reason in REASONS:
            metrics.UNREADY.labels(reason).set(reason in reasons)
        metrics.READY.set(not reasons)
        await trio.sleep(_READINESS_SECONDS)


async def _show_database(database: Database, asked: Made) -> None:
    """Whether it answers, by a question whose answer matters too: whether the vectors fit the settings."""
    while True:
        try:
            active = await active_set(database)
        except DatabaseError:
            metrics.DATABASE_UP.set(0)
        else:
            metrics.DATABASE_UP.set(1)
            metrics.EMBEDDINGS_MISMATCH.set(active is None or active.made != asked)
        await trio.sleep(_DATABASE_SECONDS)
