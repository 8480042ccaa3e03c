"""Brings a database to the shape this version needs: the files NNNN_*.sql of a folder, in order, each once.

Each file runs in a transaction of its own together with its entry in `schema_migrations`. An advisory lock lets many
engines start at once: one migrates, the others wait and find nothing to do.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from engine.database.statements import Runner, Statements
from engine.errors import DatabaseError

_LOCK: Final = 0x63616C6C63746C  # "callctl"
_FILES: Final = "[0-9][0-9][0-9][0-9]_*.sql"
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )"""


@dataclass(frozen=True)
class Migration:
    """One file. `checksum` is the SHA-256 of its bytes, in hex."""

    name: str
    text: str
    checksum: str
    applied: bool = False


async def migrate(database: Runner, directory: Path) -> list[str]:
    """Apply what is missing; the names applied now. Raises `DatabaseError` if a file that was applied has changed
    since, or if one fails: those before it stay applied."""
    files = await trio.to_thread.run_sync(_read, directory)
    return await database.run(lambda statements: _migrate(statements, files))


async def status(database: Runner, directory: Path) -> list[Migration]:
    """All files in order, `applied` or not. Raises `DatabaseError`."""
    files = await trio.to_thread.run_sync(_read, directory)
    return await database.run(lambda statements: _compare(statements, files))


def _read(directory: Path) -> list[Migration]:
    paths = sorted(directory.glob(_FILES))
    contents = [(path.name, path.read_bytes()) for path in paths]
    return [Migration(name, raw.decode(), hashlib.sha256(raw).hexdigest()) for name, raw in contents]


def _migrate(statements: Statements, files: Sequence[Migration]) -> list[str]:
    statements.execute("SET statement_timeout = 0")  # a migration, and waiting for another's, may take its time
    statements.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    try:
        statements.execute(_TABLE)
        missing = [file for file in _compare(statements, files) if not file.applied]
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


def _compare(statements: Statements, files: Sequence[Migration]) -> list[Migration]:
    known = statements.fetch("SELECT to_regclass('schema_migrations') IS NOT NULL AS known")[0]["known"]
    rows = statements.fetch("SELECT name, checksum FROM schema_migrations") if known else []
    applied = {row["name"]: row["checksum"] for row in rows}
    changed = [file.name for file in files if applied.get(file.name, file.checksum) != file.checksum]
    if changed:
        raise DatabaseError(f"{', '.join(changed)}: changed after being applied; add a new migration instead")
    return [Migration(file.name, file.text, file.checksum, applied=file.name in applied) for file in files]
