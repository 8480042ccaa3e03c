"""`callctl serve` as a process of its own, told by its environment alone where everything is."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import httpx
import trio
from prometheus_client.parser import text_string_to_metric_families

from engine.config import SECTIONS, variable
from ops.embedded.world import Overrides

_START_SECONDS = 180.0
"""A new process imports the vendors' SDKs, which on a busy machine takes its time."""
_USUAL = {
    "AUDIOSOCKET_PORT": "0", "HTTP_PORT": "0", "HTTP_METRICS_PORT": "0",
    "CALL_MAX_LATENESS_MS": "10000",  # a busy machine is no reason to refuse the tests' calls
}  # fmt: skip


@dataclass(slots=True)
class Served:
    process: trio.Process
    web: httpx.AsyncClient
    audiosocket: tuple[str, int]
    metrics_url: str
    is_draining: bool = False
    is_killed: bool = False

    def drain(self) -> None:
        """Once: a second signal would end the calls in progress."""
        if not self.is_draining:
            self.process.send_signal(signal.SIGTERM)
        self.is_draining = True

    def kill(self) -> None:
        """With no warning."""
        self.is_draining = self.is_killed = True
        self.process.kill()

    async def samples(self) -> Mapping[str, float]:
        """The series now: by the metric's name the greatest of its values, of a histogram that of its count."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(self.metrics_url)).raise_for_status().text
        greatest: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if not sample.name.endswith(("_sum", "_bucket", "_created")):
                    greatest[family.name] = max(greatest.get(family.name, 0.0), sample.value)
        return greatest


class Surroundings(Protocol):
    """Where everything is that the engine needs; what is not there, it starts itself."""

    @property
    def overrides(self) -> Overrides: ...


@asynccontextmanager
async def served(world: Surroundings, *options: str, within: Sequence[str] = (), **more: str) -> AsyncIterator[Served]:
    """A running `callctl serve` with `options`, its command after `within`; it is drained on leaving and must end well,
    unless it was killed."""
    environment = {
        variable(SECTIONS[section], field): str(value)
        for section, fields in world.overrides.items()
        for field, value in fields.items()
    }
    command = [*within, sys.executable, "-c", "from cli.main import app; app()", "serve", *options]
    with tempfile.NamedTemporaryFile() as log:
        async with trio.open_nursery() as nursery:
            running = partial(
                trio.run_process,
                env={**os.environ, **environment, **_USUAL, **more},
                stderr=log,
                check=False,
            )
            process: trio.Process = await nursery.start(running, command)
            ready = await _ready(trio.Path(log.name))
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ready['http']}") as web:
                host, port = ready["audiosocket"].split(":")
                engine = Served(process, web, (host, int(port)), f"http://127.0.0.1:{ready['metrics']}/metrics")
                try:
                    yield engine
                finally:
                    engine.drain()
        assert engine.is_killed or process.returncode == 0, f"it ended with {process.returncode}"


async def _ready(log: trio.Path) -> Mapping[str, Any]:
    """The log line that says where it listens: the supervisor's, if there is one, not a worker's."""
    with trio.fail_after(_START_SECONDS):
        while True:
            for line in (await log.read_text()).splitlines():
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("event") == "ready" and "worker" not in event:
                    found: Mapping[str, Any] = event
                    return found
            await trio.sleep(0.05)
