"""What the engine keeps of its calls: records and actions in the store; and what it sets right of others' (`Recovery`).

Before: `server` opens database and spool. After: calls hand in rows and actions; nothing here ever holds up a call.
"""

import socket
from datetime import UTC, datetime, timedelta
from typing import Final

import trio

from engine.config import Config
from engine.database import Database
from engine.database.patience import Patience
from engine.errors import SpoolError
from engine.log import get_logger
from engine.records.rows import ActionRow
from engine.records.spool import Spool
from engine.records.spool_traces import age_refused
from engine.records.writer import RecordWriter
from engine.recovering import LOOK_SECONDS, Recovery
from engine.store.actions import ActionLog, MemoryActionLog, Recorded
from engine.store.client import StoreClient
from engine.store.journal import JournaledActionLog

log = get_logger("keeping")

_AGE_SECONDS: Final = 6 * 3600.0
DRAIN_SECONDS: Final = 5.0
"""On a stop, for what is in memory, and once more for what is in the spool."""


def engine_name(config: Config) -> str:
    """What this engine would like to be called in the records."""
    return config.records.engine or f"{socket.gethostname()}:{config.audiosocket.port}"


class Keeping:
    """One per process. Without a database records are skipped, and actions last as long as the process. `engine`: the
    name that this process holds, or all of those without a database have."""

    def __init__(self, config: Config, database: Database | None, spool: Spool | None, engine: str) -> None:
        self.writer = RecordWriter(database, spool)
        self.engine = engine
        self._database = database
        self._spool = spool
        self._turns_term = timedelta(days=config.retention.turns_days)
        self._patience = Patience()
        self._recovery: Recovery | None = None
        self.actions: ActionLog = MemoryActionLog()
        if database is not None:
            self.actions = journal = JournaledActionLog(self._save, database, self._patience, _now)
            if spool is not None:
                self._recovery = Recovery(config, database, spool, journal, self.writer, engine, _now())

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.writer.run, name="records")
            nursery.start_soon(self._patience.run, name="patience")
            nursery.start_soon(self._age_refused, name="refused records")

    async def _age_refused(self) -> None:
        """What the database has refused has its term, too, and lies on this machine, where no job comes."""
        while self._spool is not None:
            try:
                await trio.to_thread.run_sync(age_refused, self._spool.path.parent, _now() - self._turns_term)
            except SpoolError as error:
                log.warning("refused_records_not_aged", error=str(error))
            await trio.sleep(_AGE_SECONDS)

    async def drain(self) -> None:
        """The last records, and what is in the spool: the disk may go with us. Where the database is away, it has to
        wait for whoever comes next."""
        await self.writer.drain(DRAIN_SECONDS)
        if self._database is None or not self._database.available:
            return
        with trio.move_on_after(DRAIN_SECONDS) as patience:
            await self.writer.wait_replayed()
        if patience.cancelled_caught:
            log.warning("records_stay_in_the_spool", seconds=DRAIN_SECONDS)

    async def recover(self, store: StoreClient) -> None:
        """Bring to an end what was left open before this process. See `Recovery`."""
        if self._recovery is not None:
            await self._recovery.begin(store)

    async def keep_recovering(self, store: StoreClient, every: float = LOOK_SECONDS) -> None:
        """`recover`, and then look for what engines that are lost have left, until cancelled."""
        if self._recovery is not None:
            await self._recovery.run(store, every)

    async def _save(self, recorded: Recorded) -> None:
        action = recorded.action
        await self.writer.save(
            ActionRow(
                recorded.key, action.call_id, action.phone or None, action.tool, action.arguments, action.request,
                self.engine, action.at, recorded.answered_at, recorded.answer, recorded.abandoned,
            )
        )  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)
