"""Serves the HTTP applications on Hypercorn's Trio worker, inside the caller's nursery."""

import logging
import socket
from dataclasses import dataclass
from functools import partial
from typing import Any

import hypercorn
import hypercorn.trio
import trio

from engine.config import HttpConfig
from engine.errors import ConfigError


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
    Hypercorn's three seconds to end. `task_status` reports the ports. Raises `ConfigError` if one is taken."""
    stop = trio.Event() if stop is None else stop
    async with trio.open_nursery() as nursery:
        http = await nursery.start(_serve, app, stop, config.host, config.port, "HTTP_PORT")
        metrics = await nursery.start(_serve, metrics_app, stop, config.host, config.metrics_port, "HTTP_METRICS_PORT")
        task_status.started(WebPorts(http, metrics))


def _listen(host: str, port: int, variable: str) -> socket.socket:
    """Opened here because Hypercorn leaks the socket of a port that is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError(f"HTTP_HOST, {variable}: cannot listen on {host}:{port}: {error.strerror}") from error


async def _serve(
    app: Any, stop: trio.Event, host: str, port: int, variable: str, *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:  # fmt: skip
    listener = _listen(host, port, variable)
    bound: int = listener.getsockname()[1]
    server = hypercorn.Config()
    server.bind = [f"fd://{listener.detach()}"]
    server.accesslog = None
    server.errorlog = logging.getLogger("hypercorn.error")
    server.include_server_header = False
    async with trio.open_nursery() as nursery:
        serve = partial(hypercorn.trio.serve, app, server, shutdown_trigger=stop.wait, mode="asgi")
        await nursery.start(serve)
        task_status.started(bound)
