"""What is put on record of a call: frozen rows, keyed by (call, number) so that writing one twice changes nothing.

A row of a partitioned table carries `started_at`, the start of its *call*: it names the month whose partition the row
lives in. Times are aware datetimes. No slots: orjson writes down what has a `__dict__` in half the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

type Speaker = Literal["caller", "bot"]


@dataclass(frozen=True)
class CallStarted:
    call_id: UUID
    started_at: datetime
    caller: str | None = None
    called: str | None = None
    channel: str | None = None
    intent: str | None = None
    engine: str | None = None
    """Which one answered it: on its next start it closes what it left open."""
    prompt_version: str | None = None


@dataclass(frozen=True)
class TurnRow:
    """One side's go; `text` is what was heard of it. `latencies`: stage -> milliseconds."""

    call_id: UUID
    started_at: datetime
    n: int
    at: datetime
    speaker: Speaker
    text: str
    language: str | None = None
    confidence: float | None = None
    interrupted: bool = False
    latencies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolCallRow:
    call_id: UUID
    started_at: datetime
    n: int
    at: datetime
    name: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any]
    ok: bool
    duration_ms: float


@dataclass(frozen=True)
class EventRow:
    """Anything else worth a line in the call's story: a state, an error, a digit."""

    call_id: UUID
    started_at: datetime
    n: int
    at: datetime
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CallEnded:
    call_id: UUID
    started_at: datetime
    ended_at: datetime
    outcome: str
    transfer_reason: str | None = None
    transfer_summary: str | None = None
    scenario: str | None = None
    language: str | None = None
    """The one most of the caller's turns were in."""
    answer_ms: Sequence[float] = ()
    """Of each answer, the end of the caller's speech to its first audio."""
    cost: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Part -> quantity, unit, price, cost."""
    cost_total: Decimal | None = None


@dataclass(frozen=True)
class ModelUseRow:
    """One request to a model, whoever asked. Cost in the currency of the price table."""

    call_id: UUID
    started_at: datetime
    purpose: Literal["dialogue", "quality"]
    n: int
    at: datetime
    model: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost: Decimal


@dataclass(frozen=True)
class ActionRow:
    """A change in the store: what was wanted, what was asked (`request`), and the answer, or why there is none."""

    key: str
    call_id: UUID
    phone: str | None
    tool: str
    arguments: Mapping[str, Any]
    request: Mapping[str, Any]
    engine: str
    intended_at: datetime
    answered_at: datetime | None = None
    answer: Mapping[str, Any] | None = None
    abandoned: str | None = None


@dataclass(frozen=True)
class CallbackRow:
    """Somebody is to be called back. `id` is made of the call and the number: asked for again, it is changed."""

    id: UUID
    call_id: UUID
    phone: str
    name: str | None
    note: str
    preferred_time: str | None
    created_at: datetime


@dataclass(frozen=True)
class ProfileRow:
    """What a caller has told of himself; what he has not told stays as it is."""

    phone: str
    name: str | None = None
    city: str | None = None
    vehicle: str | None = None
    address: str | None = None
    updated_at: datetime = field(kw_only=True)


type Row = (
    CallStarted | TurnRow | ToolCallRow | EventRow | ModelUseRow | CallEnded | ActionRow | CallbackRow | ProfileRow
)
