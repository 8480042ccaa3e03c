"""Where records lie: in their tables, and while the database does not take them, in the spool.

A batch the database does not take in time goes to the spool, and so does every following one until the database
answers again. What lies in the spool is replayed beside the new rows, oldest first; keys are ours, so what was written
twice is there once.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

import trio

from engine import metrics
from engine.database import Database
from engine.database.patience import Patience
from engine.errors import DatabaseError, SpoolError
from engine.log import get_logger
from engine.records.entries import Entry
from engine.records.replay import replay_segment, set_aside
from engine.records.spool import Spool
from engine.records.tables import RecordTables

log = get_logger("records.storage")

_ANSWER_SECONDS: Final = 1.0
_FIRST_RETRY: Final = 0.25
_LAST_RETRY: Final = 5.0


class RecordStorage:
    """One per process. `run` must be running for the tables to be tried; without it everything goes to the spool."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._tables, self._of_replay = RecordTables(database), RecordTables(database)
        self._spool = spool
        self._patience = Patience()
        self._is_flowing = True
        """The database takes rows, as far as is known."""
        self._is_waiting = trio.Event()
        """Something is in the spool."""
        self._is_waiting.set()
        self._is_empty = trio.Event()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Replay until cancelled: ask until the database answers, then bring it what is in the spool."""
        retry = _FIRST_RETRY
        async with trio.open_nursery() as nursery:
            await nursery.start(self._patience.run)
            task_status.started()
            while True:
                await self._is_waiting.wait()
                if await self._answers() and await self._replay():
                    retry = _FIRST_RETRY
                else:
                    await trio.sleep(retry)
                    retry = min(2 * retry, _LAST_RETRY)

    async def wait_replayed(self) -> None:
        """Until nothing is left in the spool, for a moment at least."""
        await self._is_empty.wait()

    async def keep(self, entries: Sequence[Entry], patience: float) -> None:
        """In the tables within `patience` seconds, else in the spool. Raises `SpoolError` if neither takes them."""
        if self._is_flowing:
            try:
                await self._patience.within(patience, partial(self._store, entries))
            except DatabaseError as error:
                log.warning("records_go_to_the_spool", error=str(error))
                self._is_flowing = False
            else:
                return
        await self.spool(entries)

    async def spool(self, entries: Sequence[Entry]) -> None:
        """On disk when this returns. Raises `SpoolError`."""
        self._is_empty = trio.Event()
        given_up = await trio.to_thread.run_sync(self._spool.append, entries)
        metrics.RECORDS.labels("spooled").inc(len(entries))
        self._is_waiting.set()
        if given_up:
            metrics.RECORDS.labels("dropped").inc(given_up)
            log.error("spool_full", dropped=given_up)

    async def _store(self, entries: Sequence[Entry]) -> None:
        """On record, or refused for good and set aside."""
        refused = await self._tables.write(entries)
        metrics.RECORDS.labels("written").inc(len(entries) - len(refused))
        await set_aside(self._spool, refused)

    async def _answers(self) -> bool:
        try:
            await self._patience.within(_ANSWER_SECONDS, partial(self._database.fetch, "SELECT 1"))
        except DatabaseError:
            return False
        self._is_flowing = True
        return True

    async def _replay(self) -> bool:
        """Whether the spool is empty now."""
        self._is_waiting = trio.Event()
        try:
            while await replay_segment(self._spool, self._of_replay):
                pass
        except (DatabaseError, SpoolError) as error:
            log.warning("replay_stopped", error=str(error))
            self._is_waiting.set()
            return False
        if not self._is_waiting.is_set():
            self._is_empty.set()
        return True
