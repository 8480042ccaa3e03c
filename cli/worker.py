"""One of several engines: `python -m cli.worker DESCRIPTOR`, started by `callctl serve --workers`.

See `engine.supervisor` for what it says to whom.
"""

import json
import sys
from functools import partial
from threading import Thread
from typing import Any

import structlog
import trio
import typer

from cli.errors import INTERRUPTED, clear_errors
from cli.schema import refuse_strange_schema
from cli.signals import stop_on_signal
from engine import log
from engine.config import Config
from engine.server import import_vendors, serve
from engine.supervisor.heartbeat import beat, drain_when_alone
from ops.jobs.desk import JobDesk

_STDIN = 0


def main() -> None:
    """Exits as `callctl serve` does."""
    descriptor = int(sys.argv[1])
    with open(_STDIN, "rb", buffering=0, closefd=False) as stdin:  # byte by byte: the rest is for `drain_when_alone`
        settings: dict[str, Any] = json.loads(stdin.readline())
    with clear_errors():
        config = Config.from_env(settings["config"])
        log.configure(config.log.level, json=not settings["pretty"])
        structlog.contextvars.bind_contextvars(worker=settings["worker"])
        if trio.run(_run, config, descriptor):
            raise typer.Exit(INTERRUPTED)


async def _run(config: Config, descriptor: int) -> bool:
    """Answer calls until told to stop; whether a second signal cut them short."""
    Thread(target=import_vendors, daemon=True).start()
    await refuse_strange_schema(config.database)
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drain_when_alone, stop, _STDIN)
        async with trio.open_nursery() as engine:
            await nursery.start(stop_on_signal, stop, engine.cancel_scope)
            listening = await engine.start(partial(serve, stop=stop, jobs=JobDesk(config), shared=True), config)
            nursery.start_soon(beat, descriptor, listening.metrics_port, lambda: not listening.readiness.reasons())
        nursery.cancel_scope.cancel()
    return engine.cancel_scope.cancelled_caught


if __name__ == "__main__":
    try:
        main()
    except typer.Exit as ending:
        sys.exit(ending.exit_code)
