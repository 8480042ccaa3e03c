"""Jobs as they are asked for from outside: listed, looked back on, and begun in a process of their own.

An engine that answers calls must not do a night's work on the loop of its media clock: a run is a child, told by its
environment what the engine was told.
"""

import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import trio

from engine.config import SECTIONS, Config, variable
from engine.database import Database
from engine.database.lock import try_lock
from engine.log import get_logger
from engine.web.api.backend import Start
from ops.jobs import runs
from ops.jobs.table import JOBS
from ops.scheduler.schedule import Schedule

log = get_logger("jobs")

_COMMAND: Final = (sys.executable, "-m", "ops.jobs.alone")


class JobDesk:
    """From `open_desk`."""

    def __init__(self, config: Config, environment: Mapping[str, str], nursery: trio.Nursery) -> None:
        self._zone = config.call.timezone
        self._environment = environment
        self._nursery = nursery

    def listed(self) -> Sequence[Mapping[str, Any]]:
        """`name`, `cron`, `next` and `purpose` of each."""
        now = datetime.now(UTC)
        return [
            {"name": job.name, "cron": job.cron, "next": Schedule(job.cron, self._zone).next(now),
             "purpose": job.purpose}
            for job in JOBS.values()
        ]  # fmt: skip

    async def history(
        self, database: Database, job: str | None, limit: int, before: int | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The latest runs, the latest first; `before`: only those older than that id. Raises `DatabaseError`."""
        return [asdict(run) for run in await runs.history(database, job=job, limit=limit, before=before)]

    async def start(self, database: Database, name: str) -> Start:
        """Begin a run. Raises `DatabaseError`."""
        if name not in JOBS:
            return Start.UNKNOWN
        async with try_lock(database, runs.lock_name(name)) as lock:
            if lock is None:
                return Start.RUNNING
        self._nursery.start_soon(self._run, name, name=f"job {name}")
        return Start.STARTED

    async def _run(self, name: str) -> None:
        done = await trio.run_process([*_COMMAND, name], env=self._environment, stdin=b"", check=False)
        log.info("job_by_hand", job=name, ok=done.returncode == 0)


@asynccontextmanager
async def open_desk(
    config: Config, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> AsyncGenerator[JobDesk]:
    """`overrides`: what `config` was made with. Runs in progress are cut short at the end, and say so on record."""
    settings = {
        variable(SECTIONS[section], field): str(value)
        for section, fields in (overrides or {}).items()
        for field, value in fields.items()
    }
    async with trio.open_nursery() as nursery:
        yield JobDesk(config, {**os.environ, **settings}, nursery)
        nursery.cancel_scope.cancel()
