"""A call's tools: which are offered, running one under the rules, and what is pinned for the model.

Before: `dialogue.agent` hands in what the model asked for. After: the tool families, the store, the knowledge base.
Whatever goes wrong becomes an answer for the model with a hint of what to tell the caller; only a cancellation passes.
The check of a request is one list, in this order: known name, arguments, an answer already given, stage, budget.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import trio
from pydantic import ValidationError

from engine import metrics
from engine.dialogue.llm import JsonObject, ToolOutcome, ToolSpec, ToolUse
from engine.dialogue.tools import callback, fitting, knowledge, orders, profile, rules, storage, tires, transfer
from engine.dialogue.tools.base import Arguments, Save, Tool, ToolContext
from engine.dialogue.tools.changes import Result
from engine.dialogue.tools.pinned import pinned
from engine.dialogue.tools.rules import ToolRefused
from engine.dialogue.tools.state import CallState, TransferRequest
from engine.dialogue.tools.summary import summary_of
from engine.errors import EngineError, StoreRejected
from engine.knowledge.search import Knowledge
from engine.log import get_logger
from engine.pbx.operators import Operators, Presence
from engine.store.actions import KEY_LIFE, ActionLog
from engine.store.client import StoreClient

log = get_logger("dialogue.tools")

TOOLS: Final[Mapping[str, Tool[Arguments]]] = {
    tool.name: tool
    for family in (tires, orders, fitting, storage, knowledge, transfer, callback, profile)
    for tool in family.TOOLS
}  # fmt: skip

_ALWAYS_ALLOWED: Final = frozenset({transfer.TRANSFER, callback.CALLBACK})
"""However much was asked before."""
_UNKNOWN: Final = "Такого інструмента немає."
_NOT_NOW: Final = "Цей інструмент зараз недоступний: спершу потрібні попередні кроки."
_UNREACHABLE: Final = "Система магазину зараз не відповідає. Перепросіть і запропонуйте з'єднати з оператором."
_REJECTED: Final[Mapping[int, str]] = {
    400: "Магазин не прийняв запит. Перевірте дані з клієнтом або запропонуйте оператора.",
    404: "Нічого не знайдено. Скажіть про це клієнтові й уточніть дані.",
    409: "Це вже змінилося або зайняте. Перевірте ще раз і запропонуйте інший варіант.",
    422: "Магазин не прийняв ці дані. Уточніть їх у клієнта або запропонуйте оператора.",
}


@dataclass(frozen=True, slots=True)
class ToolCallRecord:
    """One tool call, for the records."""

    name: str
    arguments: JsonObject
    result: JsonObject
    ok: bool
    started_at: datetime
    duration_ms: float


class Toolbox:
    """One per call. `caller_phone`: +380XXXXXXXXX from the PBX, None when withheld. `now`: aware, local to the shop."""

    def __init__(
        self,
        *,
        call_id: UUID,
        caller_phone: str | None,
        store: StoreClient,
        knowledge: Knowledge,
        actions: ActionLog,
        operators: Operators,
        save: Save,
        now: Callable[[], datetime],
    ) -> None:
        self._state = CallState(caller_phone)
        self._call_id = call_id
        self._store = store
        self._knowledge = knowledge
        self._actions = actions
        self._operators = operators
        self._save = save
        self._now = now
        self._calls: list[ToolCallRecord] = []

    @property
    def calls(self) -> Sequence[ToolCallRecord]:
        """What was called so far, in order."""
        return tuple(self._calls)

    @property
    def transfer(self) -> TransferRequest | None:
        """Set once an operator has been asked for."""
        return self._state.transfer

    def transfer_failed(self) -> None:
        """Nobody has taken the caller over: he may go on where he was."""
        self._state.kept()

    async def presence(self) -> Presence:
        """Whether an operator could take the caller now; the model is told from now on."""
        self._state.presence = await self._operators.presence()
        return self._state.presence

    def nobody_answered(self) -> None:
        """The caller comes from the queue, where no operator took him."""
        self._state.presence = Presence.NOBODY

    @property
    def operators_hours(self) -> str:
        """In words; empty: at any time."""
        return self._operators.hours

    def note(self, text: str) -> None:
        """What the dialplan knew of the caller's wish, for the model and the operator."""
        self._state.note = text

    def summary(self, last_words: str) -> str:
        """What an operator is told where the model has not said it."""
        return summary_of(self._state, last_words)

    def offered(self) -> tuple[ToolSpec, ...]:
        """Those that fit the present stage; ask again before each request to the model."""
        return tuple(tool.spec for tool in TOOLS.values() if self._is_offered(tool))

    async def recall(self) -> None:
        """Learn whether an operator is there, and what this phone's earlier calls changed in the store. Bounded; what
        cannot be had is left out."""
        if self._state.presence is Presence.AVAILABLE:  # else it is known
            await self.presence()
        if (phone := self._state.phone) is not None:
            recent = await self._actions.recent(phone, self._now() - KEY_LIFE)
            self._state.past = [each for each in recent if each.action.call_id != self._call_id]

    def context(self) -> str:
        """What the code knows, for the model to hold on to. Changes from turn to turn."""
        return pinned(self._state, self._now(), self._operators.hours)

    def caller_said(self, text: str) -> None:
        """The caller's finished turn."""
        self._state.caller_said(text)

    def bot_said(self, heard: str) -> None:
        """What the caller has heard of the bot, numbers still in digits. Before the `caller_said` that answers it."""
        self._state.bot_heard(heard)

    async def run(self, use: ToolUse) -> ToolOutcome:
        """Never raises but for a cancellation; no checkpoint between a change in the store and the return."""
        started_at, started = self._now(), trio.current_time()
        result, verdict = await self._answer(use)
        milliseconds = round((trio.current_time() - started) * 1000, 1)
        ok = verdict == "ok"
        self._calls.append(ToolCallRecord(use.name, use.arguments, result, ok, started_at, milliseconds))
        metrics.TOOL_CALLS.labels(use.name if use.name in TOOLS else "unknown", verdict).inc()
        log.info("tool_called", tool=use.name, verdict=verdict, ms=milliseconds)
        content = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
        return ToolOutcome(use.id, content, is_error=not ok)

    async def _answer(self, use: ToolUse) -> tuple[Result, str]:
        """The result and how it went: `ok`, `refused` (by us), `rejected` (by the store), `invalid`, `failed`."""
        try:
            return await self._checked(use), "ok"
        except ValidationError as error:
            return _error(_hint_of(error)), "invalid"
        except ToolRefused as refusal:
            return _error(str(refusal)), "refused"
        except StoreRejected as rejection:
            log.warning("store_rejected", tool=use.name, status=rejection.status, code=rejection.code)
            return _error(_REJECTED.get(rejection.status, _UNREACHABLE)), "rejected"
        except EngineError as error:
            log.warning("tool_failed", tool=use.name, error=str(error))
            return _error(_UNREACHABLE), "failed"

    async def _checked(self, use: ToolUse) -> Result:
        tool = TOOLS.get(use.name)
        if tool is None:
            raise ToolRefused(_UNKNOWN)
        within_budget = self._count(tool)
        arguments = tool.parse(use.arguments)
        context = ToolContext(
            self._call_id, self._state, self._store, self._knowledge, self._actions, self._operators, self._save,
            self._now(),
        )  # fmt: skip
        if tool.mutating:
            context = context.about(tool.action(arguments, context))
        if not tool.offered(self._state):
            return await context.answered_before() or _refuse(_NOT_NOW)
        if not within_budget:
            raise ToolRefused(rules.TOO_MANY_CALLS)
        return await tool.run(arguments, context)

    def _count(self, tool: Tool[Arguments]) -> bool:
        """Count a call against the budget; whether it is within."""
        if tool.name in _ALWAYS_ALLOWED:
            return True
        self._state.tool_calls += 1
        return self._state.tool_calls <= rules.MAX_TOOL_CALLS

    def _is_offered(self, tool: Tool[Arguments]) -> bool:
        spent = self._state.tool_calls >= rules.MAX_TOOL_CALLS and tool.name not in _ALWAYS_ALLOWED
        return not spent and tool.offered(self._state)


def _error(hint: str) -> Result:
    return {"error": hint}


def _refuse(hint: str) -> Result:
    raise ToolRefused(hint)


def _hint_of(error: ValidationError) -> str:
    """Which arguments are wrong and why, without their values."""
    wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3])
    return f"Неправильні аргументи ({wrong}). Уточніть у клієнта; якщо він справді цього хоче, запропонуйте оператора."
