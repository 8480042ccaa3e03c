"""`callctl serve`: answer calls."""

import os
import signal
from typing import Annotated

import trio
import typer

from cli.errors import clear_errors
from engine import log
from engine.config import Config
from engine.server import serve as run_engine
from ops.embedded.world import Overrides, embedded_world


def serve(
    host: Annotated[str | None, typer.Option(help="Listen for AudioSocket here; AUDIOSOCKET_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="AUDIOSOCKET_PORT.", min=0, max=65535)] = None,
    drain_seconds: Annotated[float | None, typer.Option(help="CALL_DRAIN_SECONDS.", min=0)] = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="Log lines for people instead of JSON.")] = False,
) -> None:
    """Answer calls until SIGTERM, then let those in progress end.

    With nothing configured it starts everything it needs on this machine. Example: callctl serve --port 9092
    """
    flags: Overrides = {
        "audiosocket": {key: value for key, value in {"host": host, "port": port}.items() if value is not None},
        "call": {} if drain_seconds is None else {"drain_seconds": drain_seconds},
    }
    with clear_errors():
        config = Config.from_env(flags)
        log.configure(config.log.level, json=not pretty)
        trio.run(_serve, flags)


async def _serve(flags: Overrides) -> None:
    async with embedded_world(Config.from_env(flags)) as world:
        if world.parts:
            typer.echo(world.paragraph, err=True)
        config = Config.from_env({name: world.overrides.get(name, {}) | flags.get(name, {})
                                  for name in world.overrides.keys() | flags.keys()})  # fmt: skip
        stop = trio.Event()
        async with trio.open_nursery() as nursery:
            await nursery.start(_stop_on_signal, stop)
            await run_engine(config, stop=stop)
            nursery.cancel_scope.cancel()


async def _stop_on_signal(stop: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """The first SIGTERM or SIGINT drains; a second SIGINT ends at once."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            if stop.is_set():
                os._exit(130)
            stop.set()
