"""Jobs as they are asked for from outside: listed, looked back on, and asked of the scheduler.

An engine that answers calls does not do a night's work itself: it would do it beside the media clock, at the priority
of calls, and, where engines come and go, leave a back-up on a disk that goes with it. The scheduler has a place for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import trio

from engine.config import Config
from engine.database import Database
from engine.database.lock import try_lock
from engine.web.api.backend import Start
from ops.jobs import requests, runs
from ops.jobs.table import JOBS
from ops.scheduler.schedule import Schedule

_PATIENCE: Final = 6.0
"""Seconds in which a scheduler that leads takes what is asked for, several times over."""
_LOOK_SECONDS: Final = 0.2


class JobDesk:
    def __init__(self, config: Config, patience: float = _PATIENCE) -> None:
        self._zone = config.call.timezone
        self._patience = patience

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
        """Ask for a run, and wait until the scheduler has taken it. Raises `DatabaseError`."""
        if name not in JOBS:
            return Start.UNKNOWN
        async with try_lock(database, runs.lock_name(name)) as lock:
            if lock is None:
                return Start.RUNNING
        await requests.request(database, name)
        with trio.move_on_after(self._patience):
            while await requests.is_waiting(database, name):  # noqa: ASYNC110 - a table says nothing
                await trio.sleep(_LOOK_SECONDS)
            return Start.STARTED
        return Start.NOBODY if await requests.withdraw(database, name) else Start.STARTED
