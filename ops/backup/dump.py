"""Makes a back-up: a dump and the row counts, both of one snapshot, so that what is restored can be compared."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import trio

from engine.config import BackupConfig, DatabaseConfig
from engine.database import Session, Statements
from engine.database.libpq import environment
from ops.backup import contents
from ops.backup.archive import Archive, Backup, Manifest
from ops.backup.clients import Clients, find_clients, running
from ops.backup.rotation import kept

type Moved = Callable[[str, float, float | None], None]
"""Takes what is going on, how many bytes of it are done, and of how many if that is known."""

_POLL_SECONDS: Final = 0.25


def not_shown(what: str, done: float, total: float | None) -> None:
    """For those who do not look."""


async def create(database: DatabaseConfig, config: BackupConfig, now: datetime, *, moved: Moved = not_shown) -> Backup:
    """Back the database up. Raises `BackupError` or `DatabaseError`, and leaves nothing then."""
    archive = Archive(config)
    with archive.writing():
        async with Session(database, statement_timeout_ms=0) as session:
            clients = await trio.to_thread.run_sync(find_clients, await session.run(contents.server_major))
            snapshot, manifest = await session.run(lambda statements: _look(statements, now))
            part = archive.begin(now)
            try:
                await _dump(clients, database.url.get_secret_value(), snapshot, part, moved)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return await trio.to_thread.run_sync(archive.finish, part, manifest)


def rotate(config: BackupConfig, zone: ZoneInfo) -> list[str]:
    """Remove the back-ups that are not to be kept; their names. Blocks."""
    archive = Archive(config)
    with archive.writing():
        backups = archive.backups()
        keep = kept((each.manifest.created for each in backups), daily=config.keep_daily, weekly=config.keep_weekly,
                    zone=zone)  # fmt: skip
        surplus = [each for each in backups if each.manifest.created not in keep]
        for backup in surplus:
            archive.remove(backup)
        return [backup.name for backup in surplus]


def _look(statements: Statements, now: datetime) -> tuple[str, Manifest]:
    """Begins the transaction whose snapshot is dumped: it lasts as long as the session."""
    statements.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    statements.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    snapshot: str = statements.fetch("SELECT pg_export_snapshot() AS id")[0]["id"]
    return snapshot, Manifest(now, contents.server_version(statements), contents.migrations(statements),
                              contents.row_counts(statements))  # fmt: skip


async def _dump(clients: Clients, url: str, snapshot: str, part: Path, moved: Moved) -> None:
    command = [clients.pg_dump, "--format=custom", f"--snapshot={snapshot}", f"--file={part}", "--no-password"]
    async with running(command, environment(url)) as child:
        while child.process.returncode is None:
            moved("dumping", (await trio.Path(part).stat()).st_size, None)
            with trio.move_on_after(_POLL_SECONDS):
                await child.process.wait()
        await child.succeed()
