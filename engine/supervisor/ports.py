"""The ports that the workers share, held by the supervisor for as long as it lives.

It binds and never listens: no connection comes to it, a port asked for as 0 is chosen once for all workers, and one
that is taken is told before any worker starts.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from engine.config import Config
from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SharedPorts:
    audiosocket: int
    http: int


@contextmanager
def held_ports(config: Config) -> Iterator[SharedPorts]:
    """Raises `ConfigError` naming the variables of a port that is taken."""
    line, web = config.audiosocket, config.http
    with ExitStack() as stack:
        yield SharedPorts(
            stack.enter_context(_bound(line.host, line.port, "AUDIOSOCKET_HOST, AUDIOSOCKET_PORT")).getsockname()[1],
            stack.enter_context(_bound(web.host, web.port, "HTTP_HOST, HTTP_PORT")).getsockname()[1],
        )


def _bound(host: str, port: int, variables: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # Sharing would also let us join another engine's port in silence: ask for it alone first.
        socket.create_server((host, port), family=family).close()
        shared = socket.socket(family)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((host, port))
    except OSError as error:
        raise ConfigError(f"{variables}: cannot listen on {host}:{port}: {error.strerror}") from error
    return shared
