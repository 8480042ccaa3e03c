"""Puts rows on record without a call ever waiting for the database.

Calls hand rows in with `put_nowait`; `run` writes them in batches, each in one transaction. While the database is
away the rows wait in memory; a row it refuses is logged and left out, so that one bad row never blocks the others.
When more wait than memory may hold, the oldest are dropped, counted and logged.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import trio

from engine.database import Database, Statements
from engine.errors import DatabaseAway, DatabaseError
from engine.log import get_logger
from engine.metrics import RECORDS
from engine.records.rows import Row
from engine.records.statements import INSERT, parameters

log = get_logger("records.writer")

_CAPACITY: Final = 20_000
"""Rows kept while the database is away: some hundred calls, about 20 MB."""
_BATCH: Final = 500
_GATHER_SECONDS: Final = 0.1
"""How long a first row waits for company."""
_FIRST_RETRY: Final = 0.5
_LAST_RETRY: Final = 15.0


class RecordWriter:
    """One per process. Without a database it counts the rows as skipped and keeps none."""

    def __init__(self, database: Database | None, *, capacity: int = _CAPACITY) -> None:
        self._database = database
        self._capacity = capacity
        self._waiting: deque[Row] = deque()
        self._writing: Sequence[Row] = ()
        self._arrived = trio.Event()
        self._idle = trio.Event()
        self._idle.set()
        self._hurry = trio.Event()
        self._months: set[tuple[int, int]] = set()

    @property
    def pending(self) -> int:
        """Rows not yet on record."""
        return len(self._waiting) + len(self._writing)

    def put_nowait(self, row: Row) -> None:
        """Take a row for the record. Never blocks, never fails."""
        if self._database is None:
            RECORDS.labels("skipped").inc()
            return
        if len(self._waiting) >= self._capacity:
            lost = self._waiting.popleft()
            RECORDS.labels("dropped").inc()
            log.error("record_dropped", kind=type(lost).__name__, call_id=str(lost.call_id))
        self._waiting.append(row)
        self._idle = trio.Event() if self._idle.is_set() else self._idle
        self._arrived.set()

    async def run(self) -> None:
        """Write until cancelled. One task, started by whoever owns the writer."""
        if self._database is None:
            return
        while True:
            await self._arrived.wait()
            await self._pause(_GATHER_SECONDS)
            self._arrived = trio.Event()
            while self._waiting:
                self._writing = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                await self._write_patiently(self._database, self._writing)
                self._writing = ()
            self._idle.set()

    async def drain(self, timeout: float) -> int:
        """Write what waits, without pauses, for at most `timeout` seconds; the number of rows left unwritten."""
        self._hurry.set()
        if self.pending:
            with trio.move_on_after(timeout):
                await self._idle.wait()
        return self.pending

    async def _write_patiently(self, database: Database, rows: Sequence[Row]) -> None:
        """Try until the rows are on record or refused."""
        retry = _FIRST_RETRY
        while True:
            try:
                await self._write(database, rows)
            except DatabaseAway as error:
                log.warning("database_away", error=str(error), pending=self.pending, retry_s=retry)
                await self._pause(retry)
                retry = min(2 * retry, _LAST_RETRY)
            else:
                return

    async def _write(self, database: Database, rows: Sequence[Row]) -> None:
        """All in one transaction; if that is refused, one by one, leaving out what is refused again."""
        try:
            await self._write_together(database, rows)
        except DatabaseAway:
            raise
        except DatabaseError as error:
            if len(rows) == 1 and not self._months:
                RECORDS.labels("refused").inc()
                log.error("record_refused", kind=type(rows[0]).__name__, call_id=str(rows[0].call_id), error=str(error))
                return
            for row in rows:
                self._months.clear()  # a partition dropped under us looks like a refusal too
                await self._write(database, [row])

    async def _write_together(self, database: Database, rows: Sequence[Row]) -> None:
        months = {_month(row.started_at): row.started_at for row in rows}
        missing = [moment for month, moment in months.items() if month not in self._months]

        def insert(statements: Statements) -> None:
            for moment in missing:
                statements.execute("SELECT ensure_partitions(%s)", [moment])
            for kind, statement in INSERT.items():
                statements.execute_many(statement, [parameters(row) for row in rows if type(row) is kind])

        await database.transaction(insert)
        self._months |= months.keys()
        RECORDS.labels("written").inc(len(rows))

    async def _pause(self, seconds: float) -> None:
        """Sleep; cut short when draining."""
        if self._hurry.is_set():
            await trio.sleep(min(seconds, _GATHER_SECONDS))
        else:
            with trio.move_on_after(seconds):
                await self._hurry.wait()


def _month(moment: datetime) -> tuple[int, int]:
    utc = moment.astimezone(UTC)
    return utc.year, utc.month
