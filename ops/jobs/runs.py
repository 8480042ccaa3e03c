"""What is on record of the runs of jobs: the table `job_runs`.

Whoever runs a job holds the job's lock meanwhile. So a run that has no end, of a job whose lock is free, has lost its
process; and a time of the schedule is run once because its row can be written once. A run that was cut short may have
done nothing: its time is run once more, and not again, or a job that kills its process would do so for ever.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.database import Database, Runner
from engine.database.lock import try_lock

DIED: Final = "(the process that ran this died)"
_COLUMNS: Final = "id, job, scheduled_for, started_at, finished_at, ok, output, host"


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run. `scheduled_for` None: by hand. `ok` None: it has not ended."""

    id: int
    job: str
    scheduled_for: datetime | None
    started_at: datetime
    finished_at: datetime | None
    ok: bool | None
    output: str
    host: str

    @property
    def state(self) -> str:
        return {None: "running", True: "ok", False: "failed"}[self.ok]


def lock_name(job: str) -> str:
    return f"job {job}"


_BEGIN: Final = """
    INSERT INTO job_runs (job, scheduled_for, host, attempt)
    SELECT %(job)s, %(scheduled_for)s::timestamptz, %(host)s, 1 + count(*) FROM job_runs
    WHERE job = %(job)s AND scheduled_for = %(scheduled_for)s AND cut_short AND attempt = 1
    ON CONFLICT DO NOTHING RETURNING id"""


async def begin(runner: Runner, job: str, scheduled_for: datetime | None) -> int | None:
    """Put a run on record. None: this time of the schedule has been run already."""
    rows = await runner.fetch(_BEGIN, {"job": job, "scheduled_for": scheduled_for, "host": platform.node()})
    return rows[0]["id"] if rows else None


async def finish(runner: Runner, run_id: int, *, ok: bool | None, output: str) -> None:
    """`ok` None: it was stopped before its end."""
    await runner.execute(
        "UPDATE job_runs SET finished_at = now(), ok = %s, cut_short = %s, output = %s WHERE id = %s",
        [bool(ok), ok is None, output.replace("\0", ""), run_id],
    )


async def close_lost(runner: Runner, job: str) -> int:
    """For the holder of the job's lock: end the runs that have no end; how many."""
    return await runner.execute(
        "UPDATE job_runs SET finished_at = now(), ok = false, cut_short = true, "
        "output = concat_ws(E'\\n', nullif(output, ''), %s::text) "
        "WHERE job = %s AND finished_at IS NULL",
        [DIED, job],
    )


async def close_all_lost(database: Database) -> list[str]:
    """End the runs of every job that nobody runs any more; the names of those jobs."""
    closed = []
    for row in await database.fetch("SELECT DISTINCT job FROM job_runs WHERE finished_at IS NULL ORDER BY job"):
        async with try_lock(database, lock_name(row["job"])) as lock:
            if lock is not None and await close_lost(lock, row["job"]):
                closed.append(row["job"])
    return closed


async def last_scheduled(runner: Runner) -> dict[str, datetime]:
    """For each job the latest time of its schedule that was run, and not cut short at the first attempt."""
    query = (
        "SELECT job, max(scheduled_for) AS last FROM job_runs "
        "WHERE scheduled_for IS NOT NULL AND NOT (cut_short AND attempt = 1) GROUP BY job"
    )
    return {row["job"]: row["last"] for row in await runner.fetch(query)}


async def known_since(runner: Runner) -> datetime:
    """Since when there has been a schedule to miss a time of: the database's first migration."""
    rows = await runner.fetch("SELECT min(applied_at) AS since FROM schema_migrations")
    since: datetime = rows[0]["since"]
    return since


async def last_succeeded(runner: Runner) -> dict[str, datetime]:
    """For each job the end of its latest good run."""
    query = "SELECT job, max(finished_at) AS last FROM job_runs WHERE ok GROUP BY job"
    return {row["job"]: row["last"] for row in await runner.fetch(query)}


async def history(
    runner: Runner, *, job: str | None = None, limit: int = 20, before: int | None = None
) -> Sequence[JobRun]:
    """The latest runs, the latest first; `before`: only those older than that id."""
    rows = await runner.fetch(
        f"SELECT {_COLUMNS} FROM job_runs WHERE (%(job)s::text IS NULL OR job = %(job)s) "
        "AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s",
        {"job": job, "limit": limit, "before": before},
    )
    return [JobRun(**row) for row in rows]
