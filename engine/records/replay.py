"""Brings what is in a spool into the tables, oldest first; for the engine and for a person at the command line."""

from collections.abc import Callable, Sequence
from typing import Final

import trio

from engine import metrics
from engine.errors import SpoolError
from engine.log import get_logger
from engine.records.spool import Segment, Spool
from engine.records.spool_folder import SpoolFolder
from engine.records.tables import RecordTables, Refused

log = get_logger("records.replay")

_BATCH: Final = 500
_UNBOUND: Final = 1 << 62
"""Nothing is added to what is only replayed, but for the few rows no table takes."""


async def replay_segment(spool: Spool, tables: RecordTables) -> Segment | None:
    """The oldest one, which is gone from the spool then; None if there is none. Stopped half-way it stays, and is
    begun anew next time. Raises `DatabaseError`, `SpoolError`."""
    segment = await trio.to_thread.run_sync(spool.oldest)
    if segment is None:
        return None
    entries, torn = await trio.to_thread.run_sync(spool.read, segment)
    for start in range(0, len(entries), _BATCH):
        batch = entries[start : start + _BATCH]
        refused = await tables.replay(batch)
        metrics.RECORDS.labels("written").inc(len(batch) - len(refused))
        await set_aside(spool, refused)
    await trio.to_thread.run_sync(spool.remove, segment)
    metrics.RECORDS.labels("torn").inc(torn)
    log.info("segment_replayed", rows=len(entries), torn=torn)
    return segment


async def replay_folder(
    folder: SpoolFolder, tables: RecordTables, moved: Callable[[int, int], None] = lambda done, of: None
) -> int:
    """All that an engine which is gone has left in it; the number of rows. `moved` hears how many are in the tables, of
    how many. Lets go of the folder. Raises `DatabaseError`, `SpoolError`: the rest stays there."""
    spool = await trio.to_thread.run_sync(Spool, folder, _UNBOUND)
    try:
        total, done = spool.statistics().rows, 0
        while (segment := await replay_segment(spool, tables)) is not None:
            done += segment.rows
            moved(done, total)
        return done
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(spool.close)


async def set_aside(spool: Spool, refused: Sequence[Refused]) -> None:
    """Keep what no table takes where a person finds it. Where the disk fails too, the log must do."""
    if not refused:
        return
    metrics.RECORDS.labels("refused").inc(len(refused))
    for each in refused:
        log.error("record_refused", kind=each.entry.kind, error=each.error)
    try:
        await trio.to_thread.run_sync(spool.refuse, refused)
    except SpoolError as error:
        metrics.RECORDS.labels("dropped").inc(len(refused))
        log.error("refused_records_lost", rows=len(refused), error=str(error))
