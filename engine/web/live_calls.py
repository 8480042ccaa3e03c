"""The calls in progress as people see them, of every engine whose sessions are in the same Redis, and how one is ended.

Who has the call ends it: this process at once, another engine when it next looks for such wishes in the database. An
engine that is killed leaves its sessions behind: a call whose end is on record is not in progress, whatever they say.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import trio

from engine.call.live import LiveCalls
from engine.call.session import SessionStore
from engine.database import Database
from engine.errors import DatabaseError
from engine.log import get_logger
from engine.records import hangups
from engine.records.calls import ended

log = get_logger("web.live")

_LOOK_SECONDS: Final = 1.0


class LiveDesk:
    """One per process. `calls`: those of this process."""

    def __init__(self, calls: LiveCalls, sessions: SessionStore, database: Database) -> None:
        self._calls = calls
        self._sessions = sessions
        self._database = database

    async def listed(self) -> Sequence[Mapping[str, Any]]:
        """Each with `id` and what its session says. Raises `DatabaseError`."""
        found = await self._sessions.every()
        over = await ended(self._database, list(found))
        return [{"id": str(call_id), **document} for call_id, document in found.items() if call_id not in over]

    async def find(self, call_id: UUID) -> Mapping[str, Any] | None:
        """One of them; None if it is not in progress. Raises `DatabaseError`."""
        document = await self._sessions.load(call_id)
        if document is None or await ended(self._database, [call_id]):
            return None
        return {"id": str(call_id), **document}

    async def hang_up(self, call_id: UUID) -> bool:
        """False: there is no such call. Raises `DatabaseError`."""
        if self._calls.hang_up(call_id):
            return True
        if await self.find(call_id) is None:
            return False
        await hangups.request(self._database, call_id)
        return True

    async def run(self) -> None:
        """End what others were asked to end; until cancelled."""
        while True:
            await trio.sleep(_LOOK_SECONDS)
            if here := self._calls.ids:
                await self._end_those_of(here)

    async def _end_those_of(self, here: Sequence[UUID]) -> None:
        try:
            for call_id in await hangups.requested(self._database, here):
                self._calls.hang_up(call_id)
        except DatabaseError as error:
            log.debug("hangups_unknown", error=str(error))
