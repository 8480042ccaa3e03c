"""One run of a job, from its lock to its end on record. A job runs once at a time, whoever starts it."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import trio

from engine.config import Config
from engine.database import Database, Runner
from engine.database.lock import HeldLock, try_lock
from engine.errors import DatabaseAway, EngineError, LockLost
from engine.log import get_logger
from engine.redaction import mask_text
from ops.jobs import runs
from ops.jobs.job import Job, JobContext, Report
from ops.jobs.output import Output

log = get_logger("jobs")

_RECORD_SECONDS: Final = 30.0
"""How long the end of a run waits for a database that is away. Later the next run tells of this one that it died."""


@dataclass(frozen=True, slots=True)
class RunEnded:
    """`seconds`: how long it took."""

    ok: bool
    seconds: float


async def run_job(
    job: Job, config: Config, database: Database, *, echo: Report, scheduled_for: datetime | None = None,
    scheduler: Runner | None = None,
) -> RunEnded | None:  # fmt: skip
    """Run it and put it on record, its lines also to `echo`. None: it is being run, or this time of its schedule was.
    `scheduler`: what to claim that time with, so that only its leader can. Raises `DatabaseError` if nothing began."""
    async with try_lock(database, runs.lock_name(job.name)) as lock:
        if lock is None:
            return None
        await runs.close_lost(lock, job.name)
        run_id = await runs.begin(scheduler or lock, job.name, scheduled_for)
        if run_id is None:
            return None
        output = Output()

        def report(line: str) -> None:
            clean = mask_text(line)  # runs are on record for longer than people may be
            output.add(clean)
            echo(clean)

        began = trio.current_time()
        ok = None
        try:
            ok = await _guarded(job, JobContext(config, database, report), lock)
        finally:
            if ok is None:
                report("(stopped before its end)")
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _RECORD_SECONDS):
                await _record_end(database, run_id, ok=ok, output=output.text)
        return RunEnded(ok, trio.current_time() - began)


async def _guarded(job: Job, context: JobContext, lock: HeldLock) -> bool:
    """Whether the job came to a good end; it is cut short when its lock is lost, for then another may start it."""
    try:
        return await lock.during(partial(_run, job, context))
    except LockLost:
        context.report("failed: the connection that held the job's lock is gone")
        return False


async def _run(job: Job, context: JobContext) -> bool:
    try:
        await job.run(context)
    except Exception as error:  # whatever is wrong with one job, the others go on
        reasons = _reasons(error)
        log.error("job_failed", job=job.name, reasons=reasons, exc_info=not isinstance(error, EngineError))
        for reason in reasons:
            context.report(f"failed: {reason}")
        return False
    return True


def _reasons(error: Exception) -> list[str]:
    if isinstance(error, ExceptionGroup):
        return [reason for inner in error.exceptions for reason in _reasons(inner)]
    return [str(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"]


async def _record_end(database: Database, run_id: int, *, ok: bool | None, output: str) -> None:
    """Try again while the database is away; until cancelled."""
    while True:
        try:
            return await runs.finish(database, run_id, ok=ok, output=output)
        except DatabaseAway as error:
            log.warning("job_end_not_recorded", error=str(error))
            await trio.sleep(0.5)
