"""Starts jobs when they are due, in one process of however many are there for it.

Whoever has the scheduler's lock leads. The leader asks every few seconds which jobs are due and claims each run over
the very connection that holds the lock: cut off from it, it can start nothing. What it had started goes on, each under
the lock of its job, so the next leader starts no job a second time beside it. Waking often in place of sleeping until
the next time makes changes of the clock, and of the database's presence, no special case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NoReturn

import trio

from engine.config import Config
from engine.database import Database, Runner
from engine.database.lock import LEASE_SECONDS, HeldLock, try_lock
from engine.errors import DatabaseError, LockLost
from engine.log import get_logger
from ops.jobs import requests, runs
from ops.jobs.job import Job
from ops.jobs.run import RunEnded, run_job
from ops.scheduler import metrics
from ops.scheduler.schedule import Schedule

log = get_logger("scheduler")

_LOCK = "scheduler"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A leader that hangs is succeeded after `lease` and, on top of it, at most `contend`."""

    lease: float = LEASE_SECONDS
    contend: float = 5.0
    tick: float = 5.0
    scrape: float = 60.0
    """Within which Prometheus has seen a new series: a failure that was before us is counted after it."""
    look: float = 1.0
    """For what people have asked for: they wait."""


class Scheduler:
    """One process's part. `now` gives an aware time."""

    def __init__(
        self, jobs: Sequence[Job], config: Config, database: Database, *, now: Callable[[], datetime],
        pace: Pace = Pace(),
    ) -> None:  # fmt: skip
        self._jobs = {job: Schedule(job.cron, config.call.timezone) for job in jobs}
        self._config = config
        self._database = database
        self._now = now
        self._pace = pace
        self._running: set[str] = set()

    async def run(self, stop: trio.Event) -> None:
        """Lead, or wait to, until `stop`; then the jobs in progress may end within SCHEDULER_STOP_SECONDS."""
        async with trio.open_nursery() as nursery:
            async with trio.open_nursery() as contest:
                contest.start_soon(self._contend, nursery)
                await stop.wait()
                contest.cancel_scope.cancel()
            log.info("stopping", running=sorted(self._running), seconds=self._config.scheduler.stop_seconds)
            nursery.cancel_scope.deadline = trio.current_time() + self._config.scheduler.stop_seconds

    async def _contend(self, nursery: trio.Nursery) -> None:
        """Ask for the lock again and again; lead whenever it is ours. Jobs run in `nursery`, which outlives that."""
        while True:
            try:
                async with try_lock(self._database, _LOCK, lease=self._pace.lease) as lock:
                    if lock is not None:
                        await self._lead(lock, nursery)
            except DatabaseError as error:
                log.warning("no_leadership", error=str(error))
            await trio.sleep(self._pace.contend)

    async def _lead(self, lock: HeldLock, nursery: trio.Nursery) -> None:
        """Until the lock is lost."""
        log.info("leading", jobs=len(self._jobs))
        metrics.LEADER.set(1)
        try:
            async with trio.open_nursery() as leading:
                try:
                    await lock.during(partial(self._keep_starting, lock, nursery, leading))
                except LockLost:
                    log.warning("leadership_lost")
                except DatabaseError as error:
                    log.warning("cannot_lead", error=str(error))
                leading.cancel_scope.cancel()
        finally:
            metrics.LEADER.set(0)

    async def _keep_starting(self, lock: HeldLock, nursery: trio.Nursery, leading: trio.Nursery) -> NoReturn:
        await self._take_over(lock, leading)
        next_tick = trio.current_time()
        while True:
            if trio.current_time() >= next_tick:
                next_tick = trio.current_time() + self._pace.tick
                await self._start_due(lock, nursery)
            await self._start_asked_for(lock, nursery)
            await trio.sleep(self._pace.look)

    async def _take_over(self, lock: HeldLock, leading: trio.Nursery) -> None:
        metrics.begin_at_zero(job.name for job in self._jobs)
        for died in await runs.close_all_lost(self._database):
            log.error("job_died", job=died)
            leading.start_soon(self._count_died, died)
        since, last = await runs.known_since(lock), await runs.last_succeeded(lock)
        for job in self._jobs:  # also one that never came to a good end: that it is late must be told
            metrics.LAST_SUCCESS.labels(job.name).set(last.get(job.name, since).timestamp())

    async def _count_died(self, job: str) -> None:
        await trio.sleep(self._pace.scrape)
        metrics.RUNS.labels(job, "failed").inc()

    async def _start_due(self, lock: HeldLock, nursery: trio.Nursery) -> None:
        now = self._now()
        since = await runs.known_since(lock)
        last = await runs.last_scheduled(lock)
        for job, schedule in self._jobs.items():
            _tell_next(job, schedule, now)
            due = schedule.due(last.get(job.name, since), now)
            if due is not None:
                self._begin(job, due, lock, nursery)

    async def _start_asked_for(self, lock: HeldLock, nursery: trio.Nursery) -> None:
        jobs = {job.name: job for job in self._jobs}
        for name in await requests.take(lock, jobs):
            self._begin(jobs[name], None, lock, nursery)

    def _begin(self, job: Job, due: datetime | None, lock: HeldLock, nursery: trio.Nursery) -> None:
        """Unless it runs here already. `due` None: it was asked for."""
        if job.name not in self._running:
            self._running.add(job.name)
            nursery.start_soon(self._run, job, due, lock, name=job.name)

    async def _run(self, job: Job, due: datetime | None, leader: Runner) -> None:
        log.info("job_started", job=job.name, scheduled_for=due.isoformat() if due else "by hand")
        try:
            ended = await run_job(job, self._config, self._database, echo=_log_line(job),
                                  scheduled_for=due, scheduler=leader)  # fmt: skip
        except DatabaseError as error:
            log.error("job_not_started", job=job.name, error=str(error))
        else:
            _tell(job, ended, self._now())
        finally:
            self._running.discard(job.name)


def _tell_next(job: Job, schedule: Schedule, now: datetime) -> None:
    next_time = schedule.next(now)
    metrics.NEXT.labels(job.name).set(next_time.timestamp())
    metrics.PERIOD.labels(job.name).set((schedule.next(next_time) - next_time).total_seconds())


def _log_line(job: Job) -> Callable[[str], None]:
    return lambda line: log.info("job_output", job=job.name, line=line)


def _tell(job: Job, ended: RunEnded | None, now: datetime) -> None:
    if ended is None:
        log.info("job_runs_elsewhere", job=job.name)
        return
    metrics.RUNS.labels(job.name, "ok" if ended.ok else "failed").inc()
    metrics.LAST_SECONDS.labels(job.name).set(ended.seconds)
    if ended.ok:
        metrics.LAST_SUCCESS.labels(job.name).set(now.timestamp())
        log.info("job_ended", job=job.name, seconds=round(ended.seconds, 1))
