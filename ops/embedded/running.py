"""The embedded servers that another callctl on this machine runs: for the commands that a newcomer types beside
`callctl serve`, which has told its own engine where they are and nobody else."""

import socket
from pathlib import Path
from typing import Final

from engine.config import Config, state_folder
from ops.embedded.postgres import database_url
from ops.embedded.valkey import redis_url

_SOCKET_FOLDER_LINE: Final = 4
"""Of postmaster.pid, from 0: LOCK_FILE_LINE_SOCKET_DIR in PostgreSQL's src/include/utils/pidfile.h."""


def running_servers(config: Config) -> dict[str, dict[str, str]]:
    """For `Config.from_env`: the addresses of what `config` has none of and what answers here."""
    found = {}
    if not config.database.url.get_secret_value() and (folder := _postgres(state_folder() / "postgres")):
        found["database"] = {"url": database_url(folder)}
    valkey = state_folder() / "valkey" / "valkey.sock"
    if not config.redis.url.get_secret_value() and _answers(valkey):
        found["redis"] = {"url": redis_url(valkey)}
    return found


def _postgres(directory: Path) -> Path | None:
    """Where its socket lies: it says so itself, as the folder's name may be too long for one."""
    try:
        for pid_file in directory.glob("data-*/postmaster.pid"):
            folder = Path(pid_file.read_text().splitlines()[_SOCKET_FOLDER_LINE])
            if _answers(folder / ".s.PGSQL.5432"):
                return folder
    except (OSError, IndexError):  # another user's, or a file half written
        return None
    return None


def _answers(path: Path) -> bool:
    """Whether anybody listens: a crash leaves the file of a socket behind."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    except OSError:
        return False
    return True
