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
    shared: bool = False,
    task_status: trio.TaskStatus[WebPorts] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve both ASGI applications until cancelled, or until `stop` is set: then requests in progress are given
    Hypercorn's three seconds to end. `task_status` reports the ports. Raises `ConfigError` if one is taken.

    `shared`: other processes serve the same HTTP port; the metrics are for their supervisor, on loopback at a port of
    our own."""
    stop = trio.Event() if stop is None else stop
    async with trio.open_nursery() as nursery:
        http = await nursery.start(partial(serve_app, app, config.host, config.port, "HTTP_PORT", stop, shared=shared))
        host, port = ("127.0.0.1", 0) if shared else (config.host, config.metrics_port)
        metrics = await nursery.start(serve_app, metrics_app, host, port, "HTTP_METRICS_PORT", stop)
        task_status.started(WebPorts(http, metrics))


def _listen(host: str, port: int, variable: str, *, shared: bool) -> socket.socket:
    """Opened here because Hypercorn leaks the socket of a port that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, reuse_port=shared)
    except OSError as error:
        raise ConfigError(f"HTTP_HOST, {variable}: cannot listen on {host}:{port}: {error.strerror}") from error


async def serve_app(
    app: Any, host: str, port: int, variable: str, stop: trio.Event, *, shared: bool = False,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:  # fmt: skip
    """One ASGI application, in the same way. `variable` names the port's setting in the error."""
    listener = _listen(host, port, variable, shared=shared)
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
