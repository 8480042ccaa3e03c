"""What a call tells the world: one frozen record per thing that happened.

Records, logs, metrics, the demo's transcript and the console all read these; the call itself knows none of them.
Times are seconds since the call was answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine.call.states import Outcome, State
from engine.dialogue.llm import Usage
from engine.pbx.operators import Transferred


@dataclass(frozen=True, slots=True)
class CallStarted:
    call_id: UUID
    at: datetime
    caller: str | None
    called: str | None
    peer: str
    channel: str | None = None
    """The PBX's name of the leg."""
    intent: str | None = None
    """What the dialplan knew of the caller's wish."""
    prompt_version: str | None = None


@dataclass(frozen=True, slots=True)
class StateChanged:
    call_id: UUID
    at: float
    state: State


@dataclass(frozen=True, slots=True)
class CallerSaid:
    call_id: UUID
    turn: int
    at: float
    """When the caller's speech ended."""
    text: str
    language: str | None = None
    confidence: float | None = None
    amended: bool = False
    """The caller went on before the bot was heard: this text replaces the turn's earlier one."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds from the last voiced frame to the final transcript and to the end of the turn."""


@dataclass(frozen=True, slots=True)
class BotSaid:
    call_id: UUID
    turn: int
    at: float
    """When the bot's audio began."""
    text: str
    """As heard: what was flushed by an interruption is not in it."""
    interrupted: bool
    heard_ms: float
    stages: Mapping[str, float] = field(default_factory=dict)
    """The waterfall of the answer, as `TurnTimed` has it; empty for what nobody waited for."""


@dataclass(frozen=True, slots=True)
class ToolRan:
    call_id: UUID
    turn: int
    at: float
    name: str
    ok: bool
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    duration_ms: float


@dataclass(frozen=True, slots=True)
class TurnTimed:
    """One turn's waterfall: milliseconds after the caller's last voiced frame, which was `at`, by stage, in order."""

    call_id: UUID
    turn: int
    at: float
    stages: Mapping[str, float]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """One request to the model, paid for."""

    call_id: UUID
    turn: int
    at: float
    model: str
    usage: Usage
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Spent:
    """Something a vendor bills for. `part` as `engine.records.cost` names it; `cost` in the price table's currency."""

    call_id: UUID
    at: float
    part: str
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Ungrounded:
    """The model was about to say a value that is in no data. `outcome`: `asked_again`, or `replaced` by a phrase."""

    call_id: UUID
    turn: int
    at: float
    kinds: tuple[str, ...]
    """Of the values, never the values."""
    outcome: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller spoke over the bot. `kind`: `barge_in`, or `false` when the bot went on."""

    call_id: UUID
    turn: int
    at: float
    kind: str
    stop_ms: float
    """From the caller's first voiced frame to the bot's silence."""


@dataclass(frozen=True, slots=True)
class TransferTried:
    """The PBX was asked to take the caller over, and this is what came of it."""

    call_id: UUID
    at: float
    reason: str
    outcome: Transferred
    detail: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class PartFailed:
    call_id: UUID
    at: float
    part: str
    error: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    call_id: UUID
    at: float
    outcome: Outcome
    reason: str
    summary: str
    """For the operator, when the call goes on to one."""
    cost: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Part -> quantity, unit, price, cost."""
    cost_total: Decimal = Decimal(0)


type CallEvent = (
    CallStarted
    | StateChanged
    | CallerSaid
    | BotSaid
    | ToolRan
    | TurnTimed
    | ModelAnswered
    | Spent
    | Ungrounded
    | Interrupted
    | TransferTried
    | PartFailed
    | CallEnded
)
type Observer = Callable[[CallEvent], None]
"""Must not block or raise."""
