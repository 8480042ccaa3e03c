"""What `callctl serve --workers` runs: a supervisor, and its workers' share of the settings."""

import json
import os
import socket
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import trio

from cli.errors import INTERRUPTED
from cli.signals import stop_on_signal
from engine.config import Config
from engine.log import get_logger
from engine.notify import Notifier
from engine.supervisor.ports import SharedPorts, held_ports
from engine.supervisor.supervisor import Plan, Supervisor
from engine.supervisor.web import create_supervisor_app
from engine.web.serve import serve_app

log = get_logger("supervisor")

_WORKER: Final = (sys.executable, "-m", "cli.worker")
BEYOND_THE_DRAIN: Final = 30.0
"""Seconds for goodbyes, the last records and the spool, which a worker itself cuts short after 15, 5 and 5
(`engine.server`, `engine.keeping`), before one that was told to end is killed."""

type Overrides = Mapping[str, Mapping[str, Any]]


async def supervise(config: Config, overrides: Overrides, workers: int, *, pretty: bool) -> int:
    """Answer calls in `workers` processes until a signal; the exit status. Raises `ConfigError` if a port is taken.

    A call announced to one worker may reach another: what was announced they share through Redis."""
    notifier = Notifier.from_env(os.environ)
    stop = trio.Event()
    with held_ports(config) as ports:
        settings = [_settings(config, overrides, ports, number, pretty) for number in range(1, workers + 1)]
        supervisor = Supervisor(Plan(_WORKER, settings, config.call.drain_seconds + BEYOND_THE_DRAIN))
        async with trio.open_nursery() as nursery:
            serve_metrics = partial(serve_app, create_supervisor_app(supervisor), config.http.host,
                                    config.http.metrics_port, "HTTP_METRICS_PORT", trio.Event())  # fmt: skip
            metrics = await nursery.start(serve_metrics)
            nursery.start_soon(notifier.feed_watchdog)
            async with trio.open_nursery() as running:
                await nursery.start(stop_on_signal, stop, running.cancel_scope)
                nursery.start_soon(_tell_when_ready, supervisor, notifier, config, ports, metrics)
                nursery.start_soon(notifier.tell_stopping, stop)
                running.start_soon(supervisor.run, stop)
            nursery.cancel_scope.cancel()
    return INTERRUPTED if running.cancel_scope.cancelled_caught else supervisor.status


def _settings(config: Config, overrides: Overrides, ports: SharedPorts, number: int, pretty: bool) -> str:
    """One worker's: the ports in force, and a name of its own in the records, under which its successor finds what it
    left open."""
    name = config.records.engine or f"{socket.gethostname()}:{ports.audiosocket}"
    own: Overrides = {
        "audiosocket": {"port": ports.audiosocket},
        "http": {"port": ports.http},
        "records": {"engine": f"{name}#{number}"},
    }
    sections = overrides.keys() | own.keys()
    merged = {section: {**overrides.get(section, {}), **own.get(section, {})} for section in sections}
    return json.dumps({"worker": number, "pretty": pretty, "config": merged})


async def _tell_when_ready(
    supervisor: Supervisor, notifier: Notifier, config: Config, ports: SharedPorts, metrics: int
) -> None:
    await supervisor.ready.wait()
    where = f"{config.audiosocket.host}:{ports.audiosocket}"
    log.info("ready", audiosocket=where, http=ports.http, metrics=metrics, workers=supervisor.wanted)
    notifier.ready(f"answering calls at {where} in {supervisor.wanted} workers")
