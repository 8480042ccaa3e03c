"""Real calls and real failures before a real Prometheus: every series that a panel or an alert asks for is there."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import trio

from ops.emulators.caller import place_call
from tests.cli.running import ROOT, environment, free_ports
from tests.e2e.rig import ask, cut_in
from tests.e2e.served import Served, served
from tests.e2e.test_served import connect_and_read_nothing, one_call
from tests.e2e.world import World, running_world
from tests.watch.deployed import alerts, expressions, folder_copy, selectors
from tests.watch.programs import program
from tests.watch.server import Prometheus, prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

PATIENCE: Final = 60.0
FAULTS: Final = {
    "REDIS_URL": "unix:///nowhere/valkey.sock",
    "AUDIOSOCKET_STALL_TIMEOUT": "1",
    "AMI_HOST": "127.0.0.1",
    "AMI_SECRET": "x",
}
"""An engine with no Redis and no Asterisk, and no patience with a peer that does not read."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    program("prometheus")
    with running_world() as world:
        yield world


@contextmanager
def scheduler(world: World, log: Path) -> Iterator[str]:
    """One whose clock makes a minute of each second; gives its address."""
    [port] = free_ports(1)
    settings = {"DATABASE_URL": world.database_url, "SCHEDULER_METRICS_PORT": str(port)}
    command = [sys.executable, "-m", "tests.scheduler.process", str(time.time())]
    with log.open("wb") as output, subprocess.Popen(
        command, cwd=ROOT, env=environment(settings), stdout=output, stderr=subprocess.STDOUT
    ) as process:  # fmt: skip
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


async def test_every_series_of_every_panel_and_alert_exists(world: World, tmp_path: Path) -> None:
    world.well()
    [ami] = free_ports(1)
    with scheduler(world, tmp_path / "scheduler.log") as jobs:
        async with served(world, "--workers", "2", **FAULTS, AMI_PORT=str(ami)) as engine:
            scraped = {"callctl": [urlsplit(engine.metrics_url).netloc], "callctl-scheduler": [jobs]}
            config = folder_copy(tmp_path / "etc", scraped)
            async with prometheus(program("prometheus"), config, tmp_path / "data") as asked:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(connect_and_read_nothing, engine)
                    await one_call(engine, world)
                    await slow_call(engine, world)
                    nursery.cancel_scope.cancel()
                assert await missing(asked) == []
                assert await silent(asked) == []
                assert await asked.unhealthy_rules() == []
                engine.kill()
                await pending(asked, "EngineDown")


async def slow_call(engine: Served, world: World) -> None:
    """An answer that has to be bridged, and a store that fails."""
    world.well()
    world.set("anthropic", script=["Слухаю.", "Так, є.", "Зараз гляну."], first_token_ms=2500)
    world.set("store", fail_next=50, fail_code="500")
    async with place_call(*engine.audiosocket) as caller:
        await cut_in(caller, "Добрий день")
        await ask(caller, "А парковка у вас є?")
    world.well()


async def missing(asked: Prometheus) -> list[str]:
    """What is asked for by name and is not there, once scrapes have had their time."""
    wanted = sorted({selector for expression in expressions().values() for selector in selectors(expression)})
    absent = wanted
    with trio.move_on_after(PATIENCE):
        while absent:
            absent = [selector for selector in absent if not await asked.has(selector)]
            await trio.sleep(0.5)
    return absent


async def silent(asked: Prometheus) -> list[str]:
    """Panels whose queries, though all their series exist, give nothing: a join that does not match."""
    of_alerts = {alert.name for alert in alerts()}
    empty = []
    for where, expression in expressions().items():
        found = await asked.query(expression)
        if not found and where not in of_alerts:
            empty.append(f"{where}: {expression}")
    return empty


async def pending(asked: Prometheus, alert: str) -> None:
    with trio.fail_after(PATIENCE):
        while not await asked.query(f'ALERTS{{alertname="{alert}"}}'):  # noqa: ASYNC110 - asked over HTTP
            await trio.sleep(0.2)
