"""What `callctl scheduler run` runs: the scheduler, its metrics, and an ear for signals."""

from datetime import UTC, datetime

import trio

from cli.signals import stop_on_signal
from engine.config import Config
from engine.database import Database
from ops.jobs.table import JOBS
from ops.scheduler.metrics import serve_metrics
from ops.scheduler.scheduler import Scheduler


async def run(config: Config) -> bool:
    """Start jobs until a signal; whether a second one cut them short."""
    stop = trio.Event()
    with serve_metrics(config.scheduler):
        async with Database(config.database) as database, trio.open_nursery() as nursery:
            with trio.CancelScope() as work:
                await nursery.start(stop_on_signal, stop, work)
                await Scheduler(list(JOBS.values()), config, database, now=lambda: datetime.now(UTC)).run(stop)
            nursery.cancel_scope.cancel()
    return work.cancelled_caught
