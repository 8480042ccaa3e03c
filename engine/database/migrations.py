"""Brings a database to the shape this version needs: the files NNNN_*.sql of a folder, in order, each once.

Each file runs in a transaction of its own together with its entry in `schema_migrations`. An advisory lock lets many
engines start at once: one migrates, the others wait and find nothing to do.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import trio

from engine.database.statements import Runner, Statements
from engine.errors import SchemaError

_LOCK: Final = 0x63616C6C63746C  # "callctl"
_FILES: Final = "[0-9][0-9][0-9][0-9]_*.sql"
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""


type State = Literal["applied", "missing", "changed", "unknown"]
"""Of a migration: changed since it was applied; unknown to this version, which is older than the database's."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `checksum` is the SHA-256 of its bytes, in hex."""

    name: str
    text: str
    checksum: str


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    name: str
    state: State
    applied_at: datetime | None = None

    @property
    def applied(self) -> bool:
        return self.state == "applied"


async def migrate(database: Runner, directory: Path) -> list[str]:
    """Apply what is missing; the names applied now. Raises `SchemaError` if a file that was applied has changed since,
    or if a newer version was here; `DatabaseError` if a file fails: those before it stay applied."""
    files = await trio.to_thread.run_sync(_read, directory)
    return await database.run(lambda statements: _migrate(statements, files))


async def status(database: Runner, directory: Path) -> list[MigrationStatus]:
    """All there are, here or in the database, in order. Raises `DatabaseError`."""
    files = await trio.to_thread.run_sync(_read, directory)
    return await database.run(lambda statements: _compare(statements, files))


async def require_current(database: Runner, directory: Path) -> None:
    """Return if this version knows the database's schema. Raises `SchemaError` with the remedy, or `DatabaseError`."""
    migrations = await status(database, directory)
    _refuse_strange(migrations)
    if missing := _names(migrations, "missing"):
        raise SchemaError(f"the database of DATABASE_URL lacks {missing}: run `callctl db migrate`")


def _read(directory: Path) -> list[Migration]:
    paths = sorted(directory.glob(_FILES))
    contents = [(path.name, path.read_bytes()) for path in paths]
    return [Migration(name, raw.decode(), hashlib.sha256(raw).hexdigest()) for name, raw in contents]


def _migrate(statements: Statements, files: Sequence[Migration]) -> list[str]:
    statements.execute("SET statement_timeout = 0")  # a migration, and waiting for another's, may take its time
    statements.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        statements.execute(_TABLE)
        states = _compare(statements, files)
        _refuse_strange(states)
        applied = {each.name for each in states if each.applied}
        missing = [file for file in files if file.name not in applied]
        for file in missing:
            with statements.transaction():
                statements.execute(file.text)
                statements.execute(
                    "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)", [file.name, file.checksum]
                )
        return [file.name for file in missing]
    finally:
        statements.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        statements.execute("RESET statement_timeout")


def _compare(statements: Statements, files: Sequence[Migration]) -> list[MigrationStatus]:
    known = statements.fetch("SELECT to_regclass('schema_migrations') IS NOT NULL AS known")[0]["known"]
    rows = statements.fetch("SELECT name, checksum, applied_at FROM schema_migrations") if known else []
    return compare(files, {row["name"]: (row["checksum"], row["applied_at"]) for row in rows})


def compare(files: Iterable[Migration], applied: Mapping[str, tuple[str, datetime]]) -> list[MigrationStatus]:
    """Files against what a database says of itself (name -> checksum and time), by name. Pure."""
    checksums = {file.name: file.checksum for file in files}

    def state(name: str) -> State:
        if name not in applied:
            return "missing"
        if name not in checksums:
            return "unknown"
        return "applied" if checksums[name] == applied[name][0] else "changed"

    return [
        MigrationStatus(name, state(name), applied[name][1] if name in applied else None)
        for name in sorted(checksums.keys() | applied.keys())
    ]


def _refuse_strange(migrations: Sequence[MigrationStatus]) -> None:
    if changed := _names(migrations, "changed"):
        raise SchemaError(f"{changed}: changed after being applied; add a new migration instead")
    if unknown := _names(migrations, "unknown"):
        raise SchemaError(f"the database of DATABASE_URL has {unknown} of a newer version: install that one")


def _names(migrations: Iterable[MigrationStatus], state: State) -> str:
    return ", ".join(each.name for each in migrations if each.state == state)
