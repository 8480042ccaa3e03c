"""Exactly-once for what changes something in the store: an order, a delivery, a booking.

A mutation is named by its key = f(call, tool, canonical arguments). Its intent is on record before the request, its
answer after; an equal repeat gets the recorded answer, and a repeat after a lost answer carries the same key, so that
the store recognises it. The request is shielded from cancellation: a caller who speaks over the bot must not make it
forget that an order was placed. The store client bounds the wait.

A request that failed is abandoned, for the caller has been told so: nobody makes it behind his back. What stays open
is what a crash has cut off, and that is asked again.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

import trio

from engine.errors import StoreError, StoreRejected

KEY_LIFE: Final = timedelta(hours=24)
"""How long the store remembers a key (the contract), and we an action."""
_REFUSED: Final = "refused: "
_UNKNOWN: Final = "unknown: "


@dataclass(frozen=True, slots=True)
class Action:
    """A mutation somebody wants: which call, for whose phone, what, and when. `request`: what it takes to ask for it,
    in JSON values, without whoever wanted it."""

    call_id: UUID
    phone: str
    tool: str
    arguments: Mapping[str, Any]
    at: datetime
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return action_key(self.call_id, self.tool, self.arguments)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An action and what became of it: answered, abandoned for a reason, or open."""

    key: str
    action: Action
    answer: Mapping[str, Any] | None = None
    answered_at: datetime | None = None
    abandoned: str | None = None

    @property
    def is_open(self) -> bool:
        return self.answer is None and self.abandoned is None

    @property
    def is_unknown(self) -> bool:
        """Whether the store has done it only the store can say."""
        return self.answer is None and not (self.abandoned or "").startswith(_REFUSED)


class ActionLog(Protocol):
    """Where intents and answers are kept, for all calls."""

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        """The recorded answer; None if there was no such action or it never got an answer."""
        ...

    async def intend(self, action: Action) -> None:
        """Note the intent. A second time is no harm, and takes back that it was abandoned."""
        ...

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None: ...

    async def abandon(self, key: str, reason: str) -> None:
        """Nobody will ask again unless the caller does."""
        ...

    async def count(self, tool: str, phone: str, since: datetime) -> int:
        """How many of that phone's actions have been answered since then."""
        ...

    async def recent(self, phone: str, since: datetime) -> Sequence[Recorded]:
        """That phone's actions since then, oldest first."""
        ...


def action_key(call_id: UUID, tool: str, arguments: Mapping[str, Any]) -> str:
    """Shaped as a UUID, equal for equal arguments in any order."""
    canonical = json.dumps(
        [str(call_id), tool, arguments], sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return str(UUID(bytes=sha256(canonical.encode()).digest()[:16]))


async def once(
    log: ActionLog, action: Action, perform: Callable[[str], Awaitable[Mapping[str, Any]]]
) -> Mapping[str, Any]:
    """Do it, or answer what it answered before. `perform` is given the key; what it raises is raised here. Ends without
    a checkpoint after the answer is recorded."""
    key = action.key
    await trio.lowlevel.checkpoint()
    with trio.CancelScope(shield=True):
        recorded = await log.answer(key)
        if recorded is not None:
            return recorded
        await log.intend(action)
        try:
            answer = await perform(key)
        except StoreError as error:
            await log.abandon(key, reason_of(error))
            raise
        await log.complete(key, answer)
    return answer


def reason_of(error: StoreError) -> str:
    """Why an action is abandoned, without the store's own words, which may quote people's data."""
    if isinstance(error, StoreRejected):
        return f"{_REFUSED}{error.status} {error.code}"
    return f"{_UNKNOWN}the request failed"


def unknown(why: str) -> str:
    """The reason of one that was never answered."""
    return _UNKNOWN + why


class MemoryActionLog:
    """An `ActionLog` that lasts as long as the process. Forgets an action when the store forgets its key."""

    def __init__(self) -> None:
        self._recorded: dict[str, Recorded] = {}

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        recorded = self.get(key)
        return recorded.answer if recorded else None

    async def intend(self, action: Action) -> None:
        self._forget_before(action.at - KEY_LIFE)
        self.adopt(Recorded(action.key, action))

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None:
        self.adopt(replace(self._recorded[key], answer=answer, abandoned=None))

    async def abandon(self, key: str, reason: str) -> None:
        self.adopt(replace(self._recorded[key], abandoned=reason))

    async def count(self, tool: str, phone: str, since: datetime) -> int:
        return sum(each.action.tool == tool and each.answer is not None for each in await self.recent(phone, since))

    async def recent(self, phone: str, since: datetime) -> Sequence[Recorded]:
        return [each for each in self._recorded.values() if each.action.phone == phone and each.action.at >= since]

    def get(self, key: str) -> Recorded | None:
        return self._recorded.get(key)

    def adopt(self, recorded: Recorded) -> None:
        """Know it as it is; an answer is never forgotten for less."""
        known = self._recorded.get(recorded.key)
        if known is None or known.answer is None:
            self._recorded[recorded.key] = recorded

    def learn(self, recorded: Recorded) -> None:
        """What a record says of it, which may be older than what is known here."""
        if recorded.key not in self._recorded or recorded.answer is not None:
            self.adopt(recorded)

    def _forget_before(self, moment: datetime) -> None:
        # Insertion order is order of time: stop at the first that is young enough.
        while self._recorded:
            key, oldest = next(iter(self._recorded.items()))
            if oldest.action.at >= moment:
                return
            del self._recorded[key]
