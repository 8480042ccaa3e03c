"""Serves the HTTP applications on Hypercorn's Trio worker, inside the caller's nursery."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import hypercorn
import hypercorn.trio
import trio

from engine.config import HttpConfig


@dataclass(frozen=True)
class WebPorts:
    """The ports bound, which matter when 0 was asked for."""

    http: int
    metrics: int


async def serve_web(
    config: HttpConfig,
    app: Any,
    metrics_app: Any,
    *,
    stop: trio.Event | None = None,
    task_status: trio.TaskStatus[WebPorts] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve both ASGI applications until cancelled, or until `stop` is set: then requests in progress are given
    Hypercorn's three seconds to end. `task_status` reports the ports. Raises OSError if one is taken."""
    stop = stop or trio.Event()
    async with trio.open_nursery() as nursery:
        http = await nursery.start(_serve, app, config.host, config.port, stop)
        metrics = await nursery.start(_serve, metrics_app, config.host, config.metrics_port, stop)
        task_status.started(WebPorts(http, metrics))


async def _serve(
    app: Any, host: str, port: int, stop: trio.Event, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    server = hypercorn.Config()
    server.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    server.accesslog = None
    server.errorlog = logging.getLogger("hypercorn.error")
    server.include_server_header = False

    async with trio.open_nursery() as nursery:
        binds = await nursery.start(_hypercorn, app, server, stop)
        task_status.started(urlsplit(binds[0]).port or 0)


async def _hypercorn(app: Any, server: hypercorn.Config, stop: trio.Event, *, task_status: Any) -> None:
    await hypercorn.trio.serve(app, server, shutdown_trigger=stop.wait, task_status=task_status, mode="asgi")
