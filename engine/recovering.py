"""Brings to an end what engines that died have left open: the calls, and the actions in the store.

An engine's own name is looked after on its start; the names of others may never come back, so for what they have left
it looks all the time. Before: `keeping`. After: `records.recovery` closes calls, `dialogue.tools.recovery` asks the
store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NoReturn

import trio

from engine.config import Config
from engine.database import Database
from engine.database.lock import try_lock
from engine.dialogue.tools.recovery import recover_actions
from engine.errors import DatabaseError, SpoolError
from engine.log import get_logger
from engine.records.recovery import Lost, close_left_open
from engine.records.replay import replay_folder
from engine.records.rows import ActionRow
from engine.records.spool import Spool
from engine.records.spool_listing import left_behind
from engine.records.tables import RecordTables
from engine.records.writer import RecordWriter
from engine.store.actions import Recorded
from engine.store.client import StoreClient
from engine.store.journal import JournaledActionLog, recorded_of

log = get_logger("recovery")

_REPLAY_SECONDS: Final = 10.0
"""How long the spool may take to reach the database before its open actions are asked again without it."""
_MARGIN: Final = timedelta(minutes=5)
_RETRY_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 60.0
"""How often is looked for what lost engines have left, and how long at most one such look takes."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One per process with a database. `engine`: the name that this process holds; `began_at`: since when."""

    config: Config
    database: Database
    spool: Spool
    journal: JournaledActionLog
    writer: RecordWriter
    engine: str
    began_at: datetime

    async def begin(self, store: StoreClient) -> None:
        """What was left open before us. Waits for a database that is away; what the spool alone knows of is asked
        again meanwhile."""
        inherited = await trio.to_thread.run_sync(_inherited, self.spool)
        for each in inherited:
            self.journal.learn(each)
        open_in_spool = [each for each in inherited if each.is_open]
        with trio.move_on_after(_REPLAY_SECONDS if open_in_spool else float("inf")) as waiting:
            await self.writer.wait_replayed()
        if waiting.cancelled_caught:
            await recover_actions(open_in_spool, self.journal, store)
            await self.writer.wait_replayed()
        await recover_actions(await self._left_open(), self.journal, store)

    async def run(self, store: StoreClient, every: float) -> NoReturn:
        """`begin`, and then look for what engines that are lost have left every so many seconds."""
        await self.begin(store)
        while True:
            await trio.sleep(every)
            try:
                await _replay_left_behind(self.spool, self.database)
                async with try_lock(self.database, "recovery") as lock:
                    if lock is not None:  # two asking the store the same thing at once would be in each other's way
                        await lock.during(partial(self._look, store))
            except (DatabaseError, SpoolError) as error:
                log.warning("recovery_waits", error=str(error))

    async def _look(self, store: StoreClient) -> None:
        with trio.move_on_after(LOOK_SECONDS):
            await recover_actions(await self._close_calls(), self.journal, store)

    async def _left_open(self) -> Sequence[Recorded]:
        while True:
            try:
                return await self._close_calls()
            except DatabaseError as error:
                log.warning("recovery_waits", error=str(error))
                await trio.sleep(_RETRY_SECONDS)

    async def _close_calls(self) -> Sequence[Recorded]:
        """Closes the calls, which do not wait for the store; gives the actions that are left open."""
        gone = datetime.now(UTC) - timedelta(seconds=self.config.call.max_duration) - _MARGIN
        lost = Lost(self.engine, self.began_at, gone)
        await close_left_open(self.database, self.config.cost, lost)
        return await self.journal.left_open(lost.engine, lost.before, lost.gone)


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
