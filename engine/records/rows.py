"""What is put on record of a call: frozen rows, keyed by (call, number) so that writing one twice changes nothing.

Every row carries `started_at`, the start of its *call*: it names the month whose partition the row lives in. Times
are aware datetimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

type Speaker = Literal["caller", "bot"]


@dataclass(frozen=True, slots=True)
class CallStarted:
    call_id: UUID
    started_at: datetime
    caller: str | None = None
    called: str | None = None
    channel: str | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class EventRow:
    """Anything else worth a line in the call's story: a state, an error, a digit."""

    call_id: UUID
    started_at: datetime
    n: int
    at: datetime
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallEnded:
    call_id: UUID
    started_at: datetime
    ended_at: datetime
    outcome: str
    transfer_reason: str | None = None
    transfer_summary: str | None = None


type Row = CallStarted | TurnRow | ToolCallRow | EventRow | CallEnded
