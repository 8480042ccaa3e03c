"""How the installation is: this engine, who it depends on, and what is kept."""

from datetime import UTC, datetime
from typing import Any, Final

import trio
from starlette.responses import Response

from engine import metrics, release
from engine.config import Config
from engine.database import Database
from engine.database.about import about
from engine.database.lock import holder
from engine.knowledge.embeddings.providers import wanted
from engine.knowledge.embeddings.sets import active_set, count_chunks, count_missing
from engine.records.partitions import coverages
from engine.records.spool_folder import spool_home
from engine.records.spool_listing import listed
from engine.web.console.visit import Entry, Visit

_SCHEDULER: Final = "scheduler"
_DAYS_ENOUGH: Final = 7.0


async def shown(visit: Visit) -> Response:
    """The engine is the one that was asked; of several each tells of itself."""
    config, database, readiness = visit.backend.config, visit.backend.database, visit.parts.readiness
    spools = await trio.to_thread.run_sync(listed, spool_home(config.records))
    return await visit.page(
        "system.html", reasons=readiness.reasons(), calls=readiness.registry.statistics(),
        limit=config.call.max_calls, breakers=_breakers(), spools=spools, enough=_DAYS_ENOUGH,
        partitions=await coverages(database, datetime.now(UTC)), vectors=await _vectors(config, database),
        leader=await holder(database, _SCHEDULER), versions=await _versions(database),
    )  # fmt: skip


def _breakers() -> list[tuple[str, bool]]:
    """By vendor, and whether it is open."""
    samples = (sample for metric in metrics.BREAKER_OPEN.collect() for sample in metric.samples)
    return sorted((sample.labels["vendor"], bool(sample.value)) for sample in samples)


async def _vectors(config: Config, database: Database) -> dict[str, Any]:
    """`active` None: articles are found by their words alone."""
    active, chunks = await active_set(database), await count_chunks(database)
    lacking = chunks if active is None else await count_missing(database, active)
    fits = active is not None and active.made == wanted(config)
    return {"active": active, "chunks": chunks, "missing": lacking, "fits": fits}


async def _versions(database: Database) -> list[tuple[str, str]]:
    told = await about(database)
    return [
        ("callctl", f"{release.version()} {release.commit()}"), ("Python", release.python()),
        ("PostgreSQL", told.server), ("schema", told.schema),
    ]  # fmt: skip


ENTRIES: Final = (Entry("/system", shown),)
