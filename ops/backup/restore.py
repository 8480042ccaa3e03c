"""Puts a back-up into a database: all of it in one transaction, or nothing.

pg_restore turns the dump into SQL, psql runs it between a BEGIN and a COMMIT of ours. The COMMIT is sent only when
pg_restore has come to a good end: whatever breaks before, the database stays as it was.
"""

import os
import subprocess
from collections.abc import Mapping
from typing import BinaryIO, Final

import trio

from engine.config import DatabaseConfig
from engine.database import Session
from engine.database.libpq import environment
from ops.backup import contents
from ops.backup.archive import Backup
from ops.backup.clients import Child, Clients, find_clients, running
from ops.backup.dump import Moved, not_shown
from ops.backup.errors import BackupError

_CHUNK: Final = 1 << 18
_BEGIN: Final = b"SET client_min_messages = error;\nBEGIN;\n"
_EMPTY: Final = b"""
DO $$
DECLARE each name;
BEGIN
    FOR each IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', each);
    END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
"""As a new database is."""


async def restore(backup: Backup, into: DatabaseConfig, *, force: bool, moved: Moved = not_shown) -> None:
    """Make `into` what the back-up is of. `force`: also where there is something, which is lost then. Raises
    `BackupError` or `DatabaseError`."""
    moved("checking", 0, None)
    await trio.to_thread.run_sync(backup.check)
    async with Session(into, statement_timeout_ms=0) as session:
        if not force and not await session.run(contents.is_empty):
            raise BackupError("the database is not empty: --force replaces all that is in it")
        major = await session.run(contents.server_major)
    clients = await trio.to_thread.run_sync(find_clients, major)
    await load(clients, backup, into.url.get_secret_value(), replace=force, moved=moved)


async def load(clients: Clients, backup: Backup, url: str, *, replace: bool, moved: Moved) -> None:
    """All of the back-up or nothing. `replace`: all there is goes first, in the same transaction."""
    unpack = [clients.pg_restore, "--file=-", "--no-owner", "--no-privileges"]
    run = [clients.psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--no-password"]
    connection: Mapping[str, str] = environment(url)
    with backup.dump.open("rb") as dump:
        async with (
            running(run, connection, stdin=subprocess.PIPE) as psql,
            running(unpack, {}, stdin=dump.fileno(), stdout=subprocess.PIPE) as pg_restore,
        ):
            try:
                await _feed(psql, _BEGIN + (_EMPTY if replace else b""))
                await _pump(pg_restore, psql, dump, backup.bytes, moved)
                await pg_restore.succeed()
                await _feed(psql, b"COMMIT;\n")
                await _stdin(psql).aclose()
            except trio.BrokenResourceError:  # psql has ended early, and says why
                pg_restore.process.kill()
            await psql.succeed()


async def _pump(source: Child, sink: Child, dump: BinaryIO, size: int, moved: Moved) -> None:
    """Carry what the one says to the other. Both share the place in `dump` with us: so much of it is done."""
    assert source.process.stdout is not None
    while data := await source.process.stdout.receive_some(_CHUNK):
        await _feed(sink, bytes(data))
        moved("restoring", os.lseek(dump.fileno(), 0, os.SEEK_CUR), size)


async def _feed(sink: Child, data: bytes) -> None:
    await _stdin(sink).send_all(data)


def _stdin(child: Child) -> trio.abc.SendStream:
    assert child.process.stdin is not None
    return child.process.stdin
