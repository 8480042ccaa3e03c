"""The actions on record: an intent is durable before the request leaves, and the answer before anybody is told.

Durable means that `save` has returned: the row is in `store_actions` or in the spool. What this process knows it
answers from memory; what it does not, from the database within a bound, and while that is away memory must do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final, LiteralString
from uuid import UUID

import trio

from engine.database import Database, Row
from engine.database.patience import Patience
from engine.errors import DatabaseError, SpoolError
from engine.log import get_logger
from engine.store.actions import Action, MemoryActionLog, Recorded

log = get_logger("store.journal")

_SECONDS: Final = 0.3
"""How long a turn, or the beginning of a call, waits for what the database knows."""
_COLUMNS: Final = "key::text, call_id, phone, tool, arguments, request, intended_at, answered_at, answer, abandoned"
_BY_KEY: Final = f"SELECT {_COLUMNS} FROM store_actions WHERE key = %s"
_OF_PHONE: Final = f"""
    SELECT {_COLUMNS} FROM store_actions WHERE phone = %s AND intended_at >= %s ORDER BY intended_at"""
_LEFT_OPEN: Final = f"""
    SELECT {_COLUMNS} FROM store_actions
    WHERE answered_at IS NULL AND abandoned IS NULL
      AND (engine = %(engine)s AND intended_at < %(before)s OR intended_at < %(gone)s)
    ORDER BY intended_at"""

type Save = Callable[[Recorded], Awaitable[None]]


class JournaledActionLog:
    """An `ActionLog` of which nothing is lost. `now`: aware."""

    def __init__(self, save: Save, database: Database, patience: Patience, now: Callable[[], datetime]) -> None:
        self._save = save
        self._database = database
        self._patience = patience
        self._now = now
        self._memory = MemoryActionLog()

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        if (known := self._memory.get(key)) is not None:
            return known.answer
        for row in await self._ask(_BY_KEY, [key]):
            self._memory.learn(recorded_of(row))
        return await self._memory.answer(key)

    async def intend(self, action: Action) -> None:
        """Raises `SpoolError` where it cannot be made durable: then nothing may be asked of the store."""
        await self._save(Recorded(action.key, action))
        await self._memory.intend(action)

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None:
        await self._conclude(key, answer=answer, answered_at=self._now(), abandoned=None)

    async def abandon(self, key: str, reason: str) -> None:
        await self._conclude(key, abandoned=reason)

    async def count(self, tool: str, phone: str, since: datetime) -> int:
        await self._learn(phone, since)
        return await self._memory.count(tool, phone, since)

    async def recent(self, phone: str, since: datetime) -> Sequence[Recorded]:
        await self._learn(phone, since)
        return sorted(await self._memory.recent(phone, since), key=lambda each: each.action.at)

    def learn(self, recorded: Recorded) -> None:
        """Know what an earlier process has left on record."""
        self._memory.learn(recorded)

    async def left_open(self, engine: str, before: datetime, gone: datetime) -> Sequence[Recorded]:
        """Intents of that engine's from before then, and of any that are older than `gone`. Raises `DatabaseError`."""
        parameters = {"engine": engine, "before": before, "gone": gone}
        return [recorded_of(row) for row in await self._database.fetch(_LEFT_OPEN, parameters)]

    async def _learn(self, phone: str, since: datetime) -> None:
        for row in await self._ask(_OF_PHONE, [phone, since]):
            self._memory.learn(recorded_of(row))

    async def _ask(self, query: LiteralString, parameters: Sequence[Any]) -> list[Row]:
        try:
            return await self._patience.within(_SECONDS, partial(self._database.fetch, query, parameters))
        except DatabaseError as error:
            log.warning("actions_from_memory_only", error=str(error))
            return []

    async def _conclude(self, key: str, **ending: Any) -> None:
        """What happened has happened: where the record of it fails, the caller is told the truth all the same."""
        known = self._memory.get(key)
        assert known is not None, "concluded without an intent"
        concluded = replace(known, **ending)
        self._memory.adopt(concluded)
        try:
            with trio.CancelScope(shield=True):
                await self._save(concluded)
        except SpoolError as error:
            log.error("answer_not_on_record", key=key, tool=known.action.tool, error=str(error))


def recorded_of(row: Mapping[str, Any]) -> Recorded:
    """A row of `store_actions`, from the database or as JSON."""
    action = Action(
        UUID(str(row["call_id"])), row["phone"] or "", row["tool"], row["arguments"], _moment(row["intended_at"]),
        row["request"],
    )  # fmt: skip
    answered_at = row["answered_at"] and _moment(row["answered_at"])
    return Recorded(str(row["key"]), action, row["answer"], answered_at, row["abandoned"])


def _moment(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
