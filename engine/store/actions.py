"""Exactly-once for what changes something in the store: an order, a delivery, a booking.

A mutation is named by its key = f(call, tool, canonical arguments). Its intent is on record before the request, its
answer after; an equal repeat gets the recorded answer, and a repeat after a lost answer carries the same key, so that
the store recognises it. The request is shielded from cancellation: a caller who speaks over the bot must not make it
forget that an order was placed. The store client bounds the wait.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

import trio

KEY_LIFE: Final = timedelta(hours=24)
"""How long the store remembers a key (the contract), and we an action."""


@dataclass(frozen=True, slots=True)
class Action:
    """A mutation somebody wants: which call, for whose phone, what, and when."""

    call_id: UUID
    phone: str
    tool: str
    arguments: Mapping[str, Any]
    at: datetime

    @property
    def key(self) -> str:
        return action_key(self.call_id, self.tool, self.arguments)


class ActionLog(Protocol):
    """Where intents and answers are kept, for all calls."""

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        """The recorded answer; None if there was no such action or it never got an answer."""
        ...

    async def intend(self, action: Action) -> None:
        """Note the intent. A second time is no harm."""
        ...

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None: ...

    async def count(self, tool: str, phone: str, since: datetime) -> int:
        """How many of that phone's actions have been answered since then."""
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
    """Do it, or answer what it answered before. `perform` is given the key; what it raises is raised here, and leaves
    an intent without an answer. Ends without a checkpoint after the answer is recorded."""
    key = action.key
    await trio.lowlevel.checkpoint()
    with trio.CancelScope(shield=True):
        recorded = await log.answer(key)
        if recorded is not None:
            return recorded
        await log.intend(action)
        answer = await perform(key)
        await log.complete(key, answer)
    return answer


class MemoryActionLog:
    """An `ActionLog` that lasts as long as the process. Forgets an action when the store forgets its key."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self._answers: dict[str, Mapping[str, Any]] = {}

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        return self._answers.get(key)

    async def intend(self, action: Action) -> None:
        self._forget_before(action.at - KEY_LIFE)
        self._actions.setdefault(action.key, action)

    async def complete(self, key: str, answer: Mapping[str, Any]) -> None:
        self._answers[key] = answer

    async def count(self, tool: str, phone: str, since: datetime) -> int:
        return sum(
            action.tool == tool and action.phone == phone and action.at >= since and key in self._answers
            for key, action in self._actions.items()
        )

    def _forget_before(self, moment: datetime) -> None:
        # Insertion order is order of time: stop at the first that is young enough.
        while self._actions:
            key, oldest = next(iter(self._actions.items()))
            if oldest.at >= moment:
                return
            del self._actions[key]
            self._answers.pop(key, None)
