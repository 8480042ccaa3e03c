"""Proves that a back-up can be restored: into a scratch database, which is counted and dropped."""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Session, Statements
from engine.database.libpq import other_database
from engine.log import get_logger
from ops.backup import contents
from ops.backup.archive import Backup
from ops.backup.clients import find_clients
from ops.backup.dump import Moved, not_shown
from ops.backup.errors import BackupError
from ops.backup.restore import load

log = get_logger("backup")

_PREFIX: Final = "callctl_verify_"
_DROP_SECONDS: Final = 60.0


async def verify(backup: Backup, database: DatabaseConfig, *, moved: Moved = not_shown) -> int:
    """Restore it beside `database`, on the same server, and compare; how many rows it has. Raises `BackupError` if it
    is not what its manifest says, or `DatabaseError`."""
    moved("checking", 0, None)
    await trio.to_thread.run_sync(backup.check)
    async with Session(database, statement_timeout_ms=0) as session, _scratch(session, database) as scratch:
        clients = await trio.to_thread.run_sync(find_clients, await session.run(contents.server_major))
        async with Session(scratch, statement_timeout_ms=0) as inside:  # marks it as in use
            await load(clients, backup, scratch.url.get_secret_value(), replace=False, moved=moved)
            moved("counting", 0, None)
            restored = await inside.run(contents.row_counts)
    if differing := differences(backup.manifest.rows, restored):
        raise BackupError(f"{backup.name}: restored it differs from its manifest: {'; '.join(differing)}")
    return sum(restored.values())


def differences(promised: Mapping[str, int], restored: Mapping[str, int]) -> list[str]:
    """One line a table that has not the rows it should have."""
    return [
        f"{table} has {restored.get(table, 'no table')}, not {promised.get(table, 'no table')}"
        for table in sorted(promised.keys() | restored.keys())
        if promised.get(table) != restored.get(table)
    ]


@asynccontextmanager
async def _scratch(session: Session, database: DatabaseConfig) -> AsyncGenerator[DatabaseConfig]:
    """A new, empty database, until the end of the block. Those that nobody uses were left by a process that died: they
    go first."""
    await session.run(_sweep)
    name = _PREFIX + secrets.token_hex(6)
    await session.execute("CREATE DATABASE {name} TEMPLATE template0", names={"name": name})
    try:
        url = other_database(database.url.get_secret_value(), name)
        yield database.model_copy(update={"url": SecretStr(url)})
    finally:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _DROP_SECONDS):
            await session.execute("DROP DATABASE IF EXISTS {name} WITH (FORCE)", names={"name": name})


def _sweep(statements: Statements) -> None:
    query = """
        SELECT datname::text AS name FROM pg_database
        WHERE starts_with(datname, %s) AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datid = pg_database.oid)"""
    for row in statements.fetch(query, [_PREFIX]):
        names: dict[str, str] = {"name": row["name"]}
        statements.execute("DROP DATABASE IF EXISTS {name}", names=names)
        log.warning("scratch_database_dropped", name=row["name"])
