"""PostgreSQL's own programs: where they are, and running one as a child that ends with us."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import trio

from ops.backup.errors import BackupError
from ops.embedded.postgres import packaged_programs

_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_KEPT: Final = ("PATH", "HOME", "LD_LIBRARY_PATH")
_MOST_WORDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Clients:
    """Programs of one version, which may be newer than the server but not older."""

    pg_dump: str
    pg_restore: str
    psql: str


def find_clients(server_major: int, folders: Sequence[Path] | None = None) -> Clients:
    """The first in `folders` (those of PATH, then that of the embedded server) that can talk to such a server. Blocks.
    Raises `BackupError` if none can."""
    seen = []
    for folder in _folders() if folders is None else folders:
        programs = [shutil.which(name, path=str(folder)) for name in ("pg_dump", "pg_restore", "psql")]
        if None in programs:
            continue
        clients = Clients(*filter(None, programs))
        version = _major(clients.pg_dump)
        if version >= server_major:
            return clients
        seen.append(f"{clients.pg_dump} is of version {version}")
    raise BackupError(
        f"the server is PostgreSQL {server_major}, but {', '.join(seen) or 'no pg_dump is installed'}: "
        f"install postgresql-client-{server_major}, or pip install 'callctl[embedded]'"
    )


@dataclass(frozen=True, slots=True)
class Child:
    """A program at work. `errors`: the file its standard error goes to."""

    name: str
    process: trio.Process
    errors: IO[bytes]

    async def succeed(self) -> None:
        """Wait for its end. Raises `BackupError`, with what it said, unless it is a good one."""
        if await self.process.wait():
            self.errors.seek(0)
            raise BackupError(f"{self.name}: {last_words(self.errors.read(_MOST_WORDS))}")


@asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
) -> AsyncGenerator[Child]:  # fmt: skip
    """A child from here to the end of the block, killed if it still runs then. Of our environment it gets only
    `environment` and what a program needs to start."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("PG")}
    with tempfile.TemporaryFile() as errors:
        process = await trio.lowlevel.open_process(
            command, stdin=stdin, stdout=stdout, stderr=errors.fileno(), env={**kept, **environment, "LC_ALL": "C"}
        )
        try:
            yield Child(Path(command[0]).name, process, errors)
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        await pipe.aclose()


def last_words(said: bytes) -> str:
    """The first error, in one line; programs repeat their own names and the context in further ones."""
    lines = said.decode(errors="replace").splitlines()
    told = next((line for line in lines if "ERROR:" in line or "error:" in line), lines[-1] if lines else "no reason")
    return re.sub(r"^.*?(?:ERROR|error):\s+", "", told)


def _folders() -> list[Path]:
    packaged = packaged_programs()
    return [Path(name) for name in os.get_exec_path()] + ([packaged] if packaged else [])


def _major(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = _VERSION.search(told)
    return int(match[1]) if match else 0
