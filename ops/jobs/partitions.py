"""Makes the months ahead in every table that rolls by month."""

from datetime import UTC, datetime
from typing import Final

from engine.records.partitions import ensure
from ops.jobs.job import JobContext

_MONTHS_AHEAD: Final = 3


async def ensure_partitions(context: JobContext) -> None:
    made = await ensure(context.database, datetime.now(UTC), _MONTHS_AHEAD)
    for name in made:
        context.report(f"made {name}")
    if not made:
        context.report("nothing was missing")
