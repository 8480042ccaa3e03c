"""Puts rows on record without a call ever waiting for the database, and without losing one.

Calls hand rows in with `put_nowait`; `run` puts them away in batches: into their tables or, while the database is
away, slow or refuses, into the spool on disk. A database that answers, but slower than rows come, is slow too: what has
waited too long goes to the spool meanwhile. Only when the disk fails, too, do rows wait in memory, and when more wait
than that may hold, the oldest are dropped, counted and logged. A row that must be safe before anything else happens is
handed to `save`.
"""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import trio

from engine import metrics
from engine.database import Database
from engine.errors import SpoolError
from engine.log import get_logger
from engine.records.entries import Entry, entry_of
from engine.records.rows import Row
from engine.records.spool import Spool
from engine.records.storage import RecordStorage

log = get_logger("records.writer")

_CAPACITY: Final = 20_000
"""Rows held in memory while neither database nor disk takes them: some hundred calls, about 10 MB."""
_BATCH: Final = 500
_GATHER_SECONDS: Final = 0.1
"""How long a first row waits for company."""
_SLOW_SECONDS: Final = 1.0
_OVERDUE_SECONDS: Final = 1.0
"""How long a row may wait for its turn at the database; until then it is in memory only."""
_SAVE_SECONDS: Final = 0.5
"""How long the database may take over a row somebody waits for."""
_DISK_RETRY_SECONDS: Final = 1.0
_REPORT_SECONDS: Final = 1.0

type _Waiting = tuple[float, Entry]
"""Since when (seconds of the epoch), and what."""


class RecordWriter:
    """One per process, with a spool of its own. Without a database it counts the rows as skipped and keeps none."""

    def __init__(self, database: Database | None, spool: Spool | None = None, *, capacity: int = _CAPACITY) -> None:
        self._spool = spool
        self._storage = RecordStorage(database, spool) if database is not None and spool is not None else None
        self._capacity = capacity
        self._waiting: deque[_Waiting] = deque()
        self._writing: Sequence[_Waiting] = ()
        self._arrived, self._idle, self._hurry = trio.Event(), trio.Event(), trio.Event()
        self._idle.set()

    @property
    def pending(self) -> int:
        """Rows in memory only."""
        return len(self._waiting) + len(self._writing)

    def put_nowait(self, row: Row) -> None:
        """Take a row for the record. Never blocks, never fails."""
        if self._storage is None:
            metrics.RECORDS.labels("skipped").inc()
            return
        if len(self._waiting) >= self._capacity:
            _, lost = self._waiting.popleft()
            metrics.RECORDS.labels("dropped").inc()
            log.error("record_dropped", kind=lost.kind)
        self._waiting.append((time.time(), entry_of(row)))
        if self._idle.is_set():
            self._idle = trio.Event()
        self._arrived.set()

    async def save(self, row: Row) -> None:
        """Return when the row is durable: in its table, or in the spool. Raises `SpoolError` if neither takes it."""
        if self._storage is None:
            metrics.RECORDS.labels("skipped").inc()
        else:
            await self._storage.keep([entry_of(row)], _SAVE_SECONDS)

    async def run(self) -> None:
        """Put rows away until cancelled; what is still in memory then goes to the spool. One task, started by whoever
        owns the writer."""
        if self._storage is None or self._spool is None:
            return
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._storage.run)
                nursery.start_soon(self._report, self._spool)
                await self._put_away(self._storage)
        finally:
            with trio.CancelScope(shield=True):
                await self._save_the_rest(self._storage)

    async def wait_replayed(self) -> None:
        """Until what an earlier engine left in the spool is in the tables."""
        if self._storage is not None:
            await self._storage.wait_replayed()

    async def drain(self, timeout: float) -> int:
        """Put away what waits, without pauses, for at most `timeout` seconds; the number of rows left in memory."""
        self._hurry.set()
        if self.pending:
            with trio.move_on_after(timeout):
                await self._idle.wait()
        return self.pending

    async def _put_away(self, storage: RecordStorage) -> None:
        while True:
            await self._arrived.wait()
            if len(self._waiting) < _BATCH:
                await self._pause(_GATHER_SECONDS)
            self._writing = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._arrived = trio.Event()
            try:
                await storage.keep([entry for _, entry in self._writing], _SLOW_SECONDS)
                await self._relieve(storage)
            except SpoolError as error:
                log.error("records_wait_in_memory", error=str(error), pending=self.pending)
                self._waiting.extendleft(reversed(self._writing))
                await self._pause(_DISK_RETRY_SECONDS)
            self._writing = ()
            if self._waiting:
                self._arrived.set()
            else:
                self._idle.set()

    async def _relieve(self, storage: RecordStorage) -> None:
        """All that waits to the spool, if its oldest has waited too long. Raises `SpoolError`."""
        if self._waiting and time.time() - self._waiting[0][0] > _OVERDUE_SECONDS:
            self._writing = list(self._waiting)
            self._waiting.clear()
            await storage.spool([entry for _, entry in self._writing])

    async def _save_the_rest(self, storage: RecordStorage) -> None:
        rest = [entry for _, entry in (*self._writing, *self._waiting)]
        try:
            if rest:
                await storage.spool(rest)
        except SpoolError as error:
            metrics.RECORDS.labels("dropped").inc(len(rest))
            log.error("records_lost", rows=len(rest), error=str(error))
        self._writing = ()
        self._waiting.clear()

    async def _report(self, spool: Spool) -> None:
        while True:
            lying = await trio.to_thread.run_sync(spool.statistics)
            metrics.SPOOL_ROWS.set(lying.rows)
            metrics.SPOOL_BYTES.set(lying.bytes)
            metrics.RECORDS_WAITING.set(self.pending)
            metrics.RECORDS_OLDEST.set(self._age(lying.oldest_at))
            await trio.sleep(_REPORT_SECONDS)

    def _age(self, spooled_at: float | None) -> float:
        """Seconds since the oldest row that is in no table was handed in, or since its segment was opened."""
        now = time.time()
        since = [queue[0][0] for queue in (self._writing, self._waiting) if queue]
        return max(0.0, now - min(*since, spooled_at or now, now))

    async def _pause(self, seconds: float) -> None:
        """Sleep; cut short when draining."""
        if self._hurry.is_set():
            await trio.sleep(min(seconds, _GATHER_SECONDS))
        else:
            with trio.move_on_after(seconds):
                await self._hurry.wait()
