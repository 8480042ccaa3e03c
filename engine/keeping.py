"""What the engine keeps of its calls, and what it sets right: records, actions in the store, and whatever an engine
that died has left open. Its predecessor's it finds on its start; for that of others, whose names may never come back,
it looks all the time.

Before: `server` opens database and spool. After: calls hand in rows and actions; nothing here ever holds up a call.
"""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import trio

from engine.config import Config
from engine.database import Database
from engine.database.lock import HeldLock, try_lock
from engine.database.patience import Patience
from engine.dialogue.tools.recovery import recover_actions
from engine.errors import DatabaseError, SpoolError
from engine.log import get_logger
from engine.records.recovery import Lost, close_left_open
from engine.records.replay import replay_folder
from engine.records.rows import ActionRow
from engine.records.spool import Spool
from engine.records.spool_listing import left_behind
from engine.records.spool_traces import age_refused
from engine.records.tables import RecordTables
from engine.records.writer import RecordWriter
from engine.store.actions import ActionLog, MemoryActionLog, Recorded
from engine.store.client import StoreClient
from engine.store.journal import JournaledActionLog, recorded_of

log = get_logger("keeping")

_REPLAY_SECONDS: Final = 10.0
"""How long the spool may take to reach the database before its open actions are asked again without it."""
_MARGIN: Final = timedelta(minutes=5)
_RETRY_SECONDS: Final = 5.0
_AGE_SECONDS: Final = 6 * 3600.0
DRAIN_SECONDS: Final = 5.0
"""On a stop, for what is in memory, and once more for what is in the spool."""
_LOOK_SECONDS: Final = 60.0
"""How often is looked for what lost engines have left, and how long at most one such look takes."""


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
        self._prices = config.cost
        self._gone_after = timedelta(seconds=config.call.max_duration) + _MARGIN
        self._turns_term = timedelta(days=config.retention.turns_days)
        self._began_at = datetime.now(UTC)
        self._patience = Patience()
        self._journal: JournaledActionLog | None = None
        if database is not None:
            self._journal = JournaledActionLog(self._save, database, self._patience, lambda: datetime.now(UTC))
        self.actions: ActionLog = self._journal or MemoryActionLog()

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
                await trio.to_thread.run_sync(
                    age_refused, self._spool.path.parent, datetime.now(UTC) - self._turns_term
                )
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
        """Bring to an end what was left open: the actions in the store, the calls. Waits for a database that is away;
        what the spool alone knows of is asked again meanwhile."""
        if self._database is None or self._journal is None or self._spool is None:
            return
        inherited = await trio.to_thread.run_sync(_inherited, self._spool)
        for each in inherited:
            self._journal.learn(each)
        open_in_spool = [each for each in inherited if each.is_open]
        with trio.move_on_after(_REPLAY_SECONDS if open_in_spool else float("inf")) as waiting:
            await self.writer.wait_replayed()
        if waiting.cancelled_caught:
            await recover_actions(open_in_spool, self._journal, store)
            await self.writer.wait_replayed()
        await recover_actions(await self._left_open(self._database, self._journal), self._journal, store)

    async def keep_recovering(self, store: StoreClient, every: float = _LOOK_SECONDS) -> None:
        """`recover`, and then look for what engines that are lost have left, until cancelled."""
        await self.recover(store)
        while self._database is not None and self._journal is not None and self._spool is not None:
            await trio.sleep(every)
            try:
                await _replay_left_behind(self._spool, self._database)
                async with try_lock(self._database, "recovery") as lock:
                    if lock is not None:
                        await self._look(self._database, self._journal, store, lock)
            except* (DatabaseError, SpoolError) as errors:
                log.warning("recovery_waits", error=str(errors.exceptions[0]))

    async def _look(self, database: Database, journal: JournaledActionLog, store: StoreClient, lock: HeldLock) -> None:
        """One engine at a time: two asking the store the same thing at once would get in each other's way."""
        async with trio.open_nursery() as nursery:

            async def until_lost() -> None:
                await lock.wait_lost()
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_lost)
            with trio.move_on_after(_LOOK_SECONDS):
                await close_left_open(database, self._prices, self._lost())
                await recover_actions(await self._actions_left_open(journal), journal, store)
            nursery.cancel_scope.cancel()

    async def _left_open(self, database: Database, journal: JournaledActionLog) -> Sequence[Recorded]:
        """Closes the calls on the way: what is said of them does not wait for the store."""
        while True:
            try:
                await close_left_open(database, self._prices, self._lost())
                return await self._actions_left_open(journal)
            except DatabaseError as error:
                log.warning("recovery_waits", error=str(error))
                await trio.sleep(_RETRY_SECONDS)

    async def _actions_left_open(self, journal: JournaledActionLog) -> Sequence[Recorded]:
        lost = self._lost()
        return await journal.left_open(lost.engine, lost.before, lost.gone)

    def _lost(self) -> Lost:
        return Lost(self.engine, self._began_at, datetime.now(UTC) - self._gone_after)

    async def _save(self, recorded: Recorded) -> None:
        action = recorded.action
        await self.writer.save(
            ActionRow(
                recorded.key, action.call_id, action.phone or None, action.tool, action.arguments, action.request,
                self.engine, action.at, recorded.answered_at, recorded.answer, recorded.abandoned,
            )
        )  # fmt: skip


async def _replay_left_behind(spool: Spool, database: Database) -> None:
    """What engines of this machine that are gone have left in spools of their own, before their calls are closed."""
    tables, behind = RecordTables(database), left_behind(spool.path.parent)
    while (folder := await trio.to_thread.run_sync(next, behind, None)) is not None:
        log.warning("spool_inherited", folder=str(folder.path), rows=await replay_folder(folder, tables))


def _inherited(spool: Spool) -> list[Recorded]:
    """What an engine that is gone has left of actions in its spool: of each the last that is known."""
    found: dict[str, Recorded] = {}
    for entry in spool.entries(ActionRow.__name__):
        recorded = recorded_of(entry.fields())
        found[recorded.key] = max(recorded, found.get(recorded.key, recorded), key=_certainty)
    return sorted(found.values(), key=lambda each: each.action.at)


def _certainty(recorded: Recorded) -> tuple[bool, datetime, bool]:
    return recorded.answer is not None, recorded.action.at, recorded.abandoned is not None
