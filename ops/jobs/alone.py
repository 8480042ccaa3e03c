"""One run of a job, in this process: `python -m ops.jobs.alone NAME`. Exits with 1 if it fails, or is being run."""

import signal
import sys

import trio

from engine import log
from engine.config import Config
from engine.database import Database
from ops.jobs.run import run_job
from ops.jobs.table import JOBS

_PATIENCE = 5.0


async def main(name: str) -> bool:
    """Whether the job came to a good end. SIGTERM cuts it short, which it puts on record."""
    config = Config.from_env()
    log.configure(config.log.level, json=True)
    is_good = False
    async with trio.open_nursery() as nursery:

        async def cut_short() -> None:
            with trio.open_signal_receiver(signal.SIGTERM) as signals:
                async for _ in signals:
                    nursery.cancel_scope.cancel()

        nursery.start_soon(cut_short)
        async with Database(config.database) as database:
            await database.wait_available(_PATIENCE)
            ended = await run_job(JOBS[name], config, database, echo=lambda line: None)
            is_good = ended is not None and ended.ok
        nursery.cancel_scope.cancel()
    return is_good


if __name__ == "__main__":
    sys.exit(0 if trio.run(main, sys.argv[1]) else 1)
