"""Backs the database up, and proves that what is there can be restored."""

from datetime import UTC, datetime

import trio

from ops.backup.archive import Archive
from ops.backup.dump import create, rotate
from ops.backup.verify import verify
from ops.jobs.job import JobContext


async def back_up(context: JobContext) -> None:
    config = context.config
    backup = await create(config.database, config.backup, datetime.now(UTC))
    context.report(f"made {backup.told}")
    for name in await trio.to_thread.run_sync(rotate, config.backup, config.call.timezone):
        context.report(f"removed {name}")


async def verify_backup(context: JobContext) -> None:
    archive = Archive(context.config.backup)
    for broken in await trio.to_thread.run_sync(archive.broken):
        context.report(f"{broken.name} is no back-up: {broken.why}")
    backup = await trio.to_thread.run_sync(archive.get, None)
    rows = await verify(backup, context.config.database)
    context.report(f"{backup.name} can be restored: {rows} rows in {len(backup.manifest.rows)} tables")
