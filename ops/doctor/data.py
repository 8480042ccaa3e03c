"""What is kept: the database and what must be in it, Redis, the disk."""

import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trio

from engine.cache import Cache
from engine.config import Config, state_folder
from engine.database import Session, require_current
from engine.errors import DatabaseAway
from engine.knowledge.embeddings.providers import wanted
from engine.knowledge.embeddings.reindex import plan
from engine.records.partitions import coverages
from engine.records.spool import MEGABYTE
from engine.records.spool_folder import spool_home
from ops.backup.clients import find_clients
from ops.doctor.check import Finding, failed, ok, skipped
from ops.jobs import runs
from ops.jobs.table import JOBS
from ops.scheduler.schedule import Schedule
from sql import MIGRATIONS

_STATEMENT_MS: Final = 3000
_EXTENSIONS: Final[Mapping[str, tuple[int, int]]] = {"vector": (0, 8), "pg_trgm": (1, 4)}
"""And the oldest of each that will do: a search goes on by itself past expired articles since pgvector 0.8."""
_ROOM_FOR_BACKUPS: Final = 1000 * MEGABYTE
_LATE: Final = timedelta(hours=1)


@asynccontextmanager
async def _session(config: Config) -> AsyncGenerator[Session]:
    async with Session(config.database, statement_timeout_ms=_STATEMENT_MS) as session:
        yield session


async def database(config: Config) -> Finding:
    """Reachable with the user and password of DATABASE_URL."""
    try:
        async with _session(config) as session:
            [row] = await session.fetch("SELECT current_setting('server_version') AS version, current_user AS name")
    except DatabaseAway as error:
        return failed(str(error))
    return ok(f"PostgreSQL {row['version']}, as {row['name']}")


async def extensions(config: Config) -> Finding:
    """The server has what the migrations create."""
    async with _session(config) as session:
        rows = await session.fetch(
            "SELECT name, coalesce(installed_version, default_version) AS version FROM pg_available_extensions"
        )
    return of_extensions({row["name"]: row["version"] for row in rows})


def of_extensions(versions: Mapping[str, str]) -> Finding:
    """`versions`: by name, as PostgreSQL writes them. Pure."""
    if missing := [name for name in _EXTENSIONS if name not in versions]:
        return failed(f"the server has no {', '.join(missing)}")
    found = [f"{name} {versions[name]}" for name in _EXTENSIONS]
    if any(tuple(map(int, versions[name].split(".")[:2])) < oldest for name, oldest in _EXTENSIONS.items()):
        return failed(f"too old: {', '.join(found)}")
    return ok(", ".join(found))


async def schema(config: Config) -> Finding:
    """Of this version, neither older nor newer."""
    async with _session(config) as session:
        await require_current(session, MIGRATIONS)
        [row] = await session.fetch("SELECT count(*) AS n FROM schema_migrations")
    return ok(f"{row['n']} migrations applied")


async def partitions(config: Config) -> Finding:
    """This month's and the next one's are there, in every table."""
    async with _session(config) as session:
        tables = await coverages(session, datetime.now(UTC))
    missing = [f"{each.table} {month}" for each in tables for month in each.missing]
    if missing or not tables:
        return failed(f"missing: {', '.join(missing) or 'the tables themselves'}")
    return ok(f"{min(each.days_ahead for each in tables):.0f} days ahead in {len(tables)} tables")


async def articles(config: Config) -> Finding:
    """There is something to answer questions from."""
    async with _session(config) as session:
        [row] = await session.fetch("SELECT count(*) AS n FROM articles")
    return ok(f"{row['n']} articles") if row["n"] else failed("there is no article")


async def vectors(config: Config) -> Finding:
    """Every article has vectors such as the settings ask for."""
    async with _session(config) as session:
        planned = await plan(session, wanted(config))
    if not planned.chunks:
        return skipped("there is no article")
    if planned.needed:
        return failed(f"{planned.to_embed} of {planned.chunks} chunks have no vector of {planned.wanted}")
    return ok(f"{planned.chunks} chunks, {planned.wanted}")


async def jobs(config: Config) -> Finding:
    """Each came to a good end within twice its period."""
    now = datetime.now(UTC)
    async with _session(config) as session:
        succeeded, since = await runs.last_succeeded(session), await runs.known_since(session)
    late = []
    for job in JOBS.values():
        schedule = Schedule(job.cron, config.call.timezone)
        coming = schedule.next(now)
        period = schedule.next(coming) - coming
        if succeeded.get(job.name, since) < now - 2 * period - _LATE:
            late.append(job.name)
    return failed(f"late: {', '.join(late)}") if late else ok(f"{len(JOBS)} jobs, none late")


async def backup_tools(config: Config) -> Finding:
    """A pg_dump that is no older than the server."""
    async with _session(config) as session:
        [row] = await session.fetch("SELECT current_setting('server_version_num')::int / 10000 AS major")
    clients = await trio.to_thread.run_sync(find_clients, row["major"])
    return ok(clients.pg_dump)


async def redis(config: Config) -> Finding:
    """Answers within REDIS_TIMEOUT."""
    cache = Cache(config.redis)
    try:
        began = trio.current_time()
        await cache.ping()
    finally:
        await cache.aclose()
    return ok(f"answers in {(trio.current_time() - began) * 1000:.0f} ms")


async def spool_room(config: Config) -> Finding:
    """Where records wait while the database is away: may be written to, and has room for RECORDS_SPOOL_MEGABYTES."""
    return _room(spool_home(config.records), config.records.spool_megabytes * MEGABYTE)


async def backup_room(config: Config) -> Finding:
    """Where back-ups lie."""
    return _room(config.backup.directory or state_folder() / "backups", _ROOM_FOR_BACKUPS)


def _room(folder: Path, needed: int) -> Finding:
    """`needed`: bytes, those included that lie there already."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        return failed(f"{existing} is no folder that may be written to")
    free = shutil.disk_usage(existing).free
    taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0
    if free + taken < needed:
        return failed(f"{folder}: {free / MEGABYTE:.0f} MB free, {needed / MEGABYTE:.0f} MB needed")
    return ok(f"{folder}: {free / MEGABYTE:.0f} MB free")
