"""`callctl scheduler run` with jobs of a test's own and a fast clock: a minute of the schedule a second.

    python -m tests.scheduler.process EPOCH [--hang]

EPOCH: the second since 1970 from which on the clock runs fast.
"""

import sys
import time
from datetime import UTC, datetime
from functools import partial

import trio

from cli.scheduling import run
from engine import log
from engine.config import Config
from ops.jobs.job import Job, JobContext


async def quick(context: JobContext) -> None:
    context.report("quick work")


async def slow(context: JobContext) -> None:
    context.report("begun")
    await trio.sleep(3)
    context.report("done")


JOBS = [Job("quick", "* * * * *", "", quick), Job("slow", "0 * * * *", "", slow)]


def fast_clock(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch + 60 * (time.time() - epoch), UTC)


if __name__ == "__main__":
    log.configure("INFO")
    sys.exit(130 if trio.run(run, Config.from_env(), JOBS, partial(fast_clock, float(sys.argv[1]))) else 0)
