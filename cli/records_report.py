"""How the spools of a machine look, and how their replay does."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from cli.database import with_database
from cli.progress import Progress
from cli.tables import megabytes
from engine.config import Config
from engine.database import Database
from engine.records.replay import replay_folder
from engine.records.spool_folder import spool_root
from engine.records.spool_listing import SpoolListing, left_behind
from engine.records.tables import RecordTables


def table(spools: Sequence[SpoolListing]) -> Table:
    shown = Table("database", "folder", "engine", "segments", "rows", "MB", "oldest", "refused", box=None)
    for each in spools:
        oldest = "" if each.oldest_at is None else _moment(each.oldest_at).isoformat(" ", "seconds")
        shown.add_row(
            each.database, str(each.path), "running" if each.in_use else "gone", str(each.segments), str(each.rows),
            megabytes(each.bytes), oldest, str(each.refused),
        )  # fmt: skip
    return shown


def as_rows(spools: Sequence[SpoolListing]) -> list[Mapping[str, Any]]:
    return [
        {
            "database": each.database, "folder": str(each.path), "in_use": each.in_use, "segments": each.segments,
            "rows": each.rows, "bytes": each.bytes, "refused": each.refused,
            "oldest_at": None if each.oldest_at is None else _moment(each.oldest_at).isoformat(),
        }
        for each in spools
    ]  # fmt: skip


def replayed(root: Path | None) -> None:
    """Replay all that nobody holds, and say so line by line."""

    async def work(database: Database) -> None:
        config = Config.from_env()
        tables = RecordTables(database)
        rows = 0
        with Progress() as progress:
            for folder in left_behind(root or spool_root(config.records, config.database)):
                done = await replay_folder(folder, tables, partial(progress.moved, str(folder.path)))
                progress.say(f"{folder.path}: {done} rows")
                rows += done
            progress.say(f"replayed {rows} rows" if rows else "nothing waits of an engine that is gone")

    with_database(work)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
