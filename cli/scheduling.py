"""What `callctl scheduler run` runs: the scheduler, its metrics, and an ear for signals."""

import os
from collections.abc import Callable, Sequence
from datetime import datetime

import trio

from cli.schema import refuse_strange_schema
from cli.signals import stop_on_signal
from engine.config import Config
from engine.database import Database
from engine.notify import Notifier
from ops.jobs.job import Job
from ops.scheduler.metrics import serve_metrics
from ops.scheduler.scheduler import Scheduler


async def run(config: Config, jobs: Sequence[Job], now: Callable[[], datetime]) -> bool:
    """Start jobs until a signal; whether a second one cut them short."""
    await refuse_strange_schema(config.database)
    notifier = Notifier.from_env(os.environ)
    stop = trio.Event()
    with serve_metrics(config.scheduler):
        async with Database(config.database) as database, trio.open_nursery() as nursery:
            with trio.CancelScope() as work:
                await nursery.start(stop_on_signal, stop, work)
                notifier.ready(f"{len(jobs)} jobs")
                nursery.start_soon(notifier.feed_watchdog)
                nursery.start_soon(notifier.tell_stopping, stop)
                await Scheduler(jobs, config, database, now=now).run(stop)
            nursery.cancel_scope.cancel()
    return work.cancelled_caught
