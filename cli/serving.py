"""What `callctl serve` runs: whatever is not configured, the engine, and an ear for signals."""

from functools import partial
from threading import Thread

import trio
import typer
from rich.console import Console

from cli.schema import refuse_strange_schema
from cli.signals import stop_on_signal
from engine.config import Config
from engine.server import Listening, import_vendors
from engine.server import serve as run_engine
from ops.embedded.indexing import index_articles
from ops.embedded.world import Overrides, World, embedded_world, missing_parts


async def run(flags: Overrides) -> bool:
    """Answer calls until a signal; whether a second one cut them short."""
    Thread(target=import_vendors, daemon=True).start()  # while the rest comes up
    configured = Config.from_env(flags)
    spinner = Console(stderr=True).status("starting …")
    if missing_parts(configured):
        spinner.start()
    try:
        async with embedded_world(configured) as world:
            spinner.stop()
            return await _answer(world, flags)
    finally:
        spinner.stop()


async def _answer(world: World, flags: Overrides) -> bool:
    config = Config.from_env({name: world.overrides.get(name, {}) | flags.get(name, {})
                              for name in world.overrides.keys() | flags.keys()})  # fmt: skip
    if "database" not in world.overrides:  # the embedded one was migrated
        await refuse_strange_schema(config.database)
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as engine:
            await nursery.start(stop_on_signal, stop, engine.cancel_scope)
            listening = await engine.start(partial(run_engine, stop=stop), config)
            if "database" in world.overrides:
                nursery.start_soon(index_articles, config, name="vectors")
            if world.parts:
                _tell(world.paragraph)
                typer.echo(_how_to_call(listening), err=True)
        nursery.cancel_scope.cancel()
    return engine.cancel_scope.cancelled_caught


def _tell(paragraph: str) -> None:
    """Wrapped for people, in one line for a log."""
    console = Console(stderr=True, highlight=False)
    console.print(paragraph, soft_wrap=not console.is_terminal)


def _how_to_call(listening: Listening) -> str:
    _, port = listening.audiosocket
    usual = (port, listening.http_port) == (9092, 8080)
    where = "" if usual else f" --port {port} --http http://127.0.0.1:{listening.http_port}"
    return f"Ready. To call it, type in another terminal: callctl dial{where}"
