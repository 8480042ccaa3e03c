"""What `callctl serve` runs: whatever is not configured, the engine, and an ear for signals."""

import os
from functools import partial
from threading import Thread

import trio
import typer
from rich.console import Console

from cli.errors import INTERRUPTED
from cli.schema import refuse_strange_schema
from cli.signals import stop_on_signal
from cli.supervising import supervise
from engine.config import Config
from engine.notify import Notifier
from engine.server import Listening, import_vendors
from engine.server import serve as run_engine
from ops.embedded.indexing import index_articles
from ops.embedded.world import Overrides, World, embedded_world, missing_parts
from ops.jobs.desk import JobDesk
from ops.ports import refuse_taken_ports


async def run(flags: Overrides, *, workers: int | None, pretty: bool) -> int:
    """Answer calls until a signal; the exit status, which is `INTERRUPTED` if a second one cut them short. `workers`:
    processes under a supervisor; None answers in this one."""
    if workers is None:
        Thread(target=import_vendors, daemon=True).start()  # while the rest comes up
    configured = Config.from_env(flags)
    refuse_taken_ports(configured)  # before embedded servers are started for nothing
    spinner = Console(stderr=True).status("starting …")
    if missing_parts(configured):
        spinner.start()
    try:
        async with embedded_world(configured) as world:
            spinner.stop()
            overrides = _merged(world.overrides, flags)
            config = Config.from_env(overrides)
            if "database" not in world.overrides:  # the embedded one was migrated
                await refuse_strange_schema(config.database)
            async with trio.open_nursery() as nursery:
                if "database" in world.overrides:
                    nursery.start_soon(index_articles, config, name="vectors")
                if workers is None:
                    status = await _answer(config, world)
                else:
                    if world.parts:
                        _tell(world.paragraph)
                    status = await supervise(config, overrides, workers, pretty=pretty)
                nursery.cancel_scope.cancel()
            return status
    finally:
        spinner.stop()


def _merged(world: Overrides, flags: Overrides) -> Overrides:
    return {name: world.get(name, {}) | flags.get(name, {}) for name in world.keys() | flags.keys()}


async def _answer(config: Config, world: World) -> int:
    notifier = Notifier.from_env(os.environ)
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(notifier.feed_watchdog)
        async with trio.open_nursery() as engine:
            await nursery.start(stop_on_signal, stop, engine.cancel_scope)
            listening = await engine.start(partial(run_engine, stop=stop, jobs=JobDesk(config)), config)
            where = f"{listening.audiosocket[0]}:{listening.audiosocket[1]}"
            notifier.ready(f"answering calls at {where}")
            nursery.start_soon(notifier.tell_stopping, stop)
            if world.parts:
                _tell(world.paragraph)
                typer.echo(_how_to_call(listening), err=True)
        nursery.cancel_scope.cancel()
    return INTERRUPTED if engine.cancel_scope.cancelled_caught else 0


def _tell(paragraph: str) -> None:
    """Wrapped for people, in one line for a log."""
    console = Console(stderr=True, highlight=False)
    console.print(paragraph, soft_wrap=not console.is_terminal)


def _how_to_call(listening: Listening) -> str:
    _, port = listening.audiosocket
    usual = (port, listening.http_port) == (9092, 8080)
    where = "" if usual else f" --port {port} --http http://127.0.0.1:{listening.http_port}"
    return f"Ready. To call it, type in another terminal: callctl dial{where}"
