"""Which finished calls nobody has judged yet, and the verdict on record. A second verdict on a call changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString
from uuid import UUID

from engine.database import Database, Statements
from engine.records.rows import ModelUseRow

_PENDING: Final[LiteralString] = """
    SELECT id FROM calls
    WHERE ended_at IS NOT NULL AND evaluated_at IS NULL
      AND (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
      AND EXISTS (SELECT FROM call_turns
                  WHERE call_id = id AND call_turns.started_at = calls.started_at AND speaker = 'caller')
    ORDER BY ended_at LIMIT %(limit)s"""
_USAGE: Final[LiteralString] = """
    INSERT INTO llm_usage (call_id, started_at, purpose, n, at, model, input_tokens, output_tokens, cache_read_tokens,
        cache_write_tokens, cost)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""
_VERDICT: Final[LiteralString] = """
    UPDATE calls SET quality_score = %s, quality = %s, quality_cost = %s, evaluated_at = now()
    WHERE id = %s AND started_at = %s AND evaluated_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one call's evaluation: `score` None and {"error": ...} where no verdict could be had."""

    call_id: UUID
    started_at: datetime
    score: float | None
    details: Mapping[str, Any]
    requests: Sequence[ModelUseRow]


async def pending(database: Database, *, since: datetime | None, limit: int | None) -> list[UUID]:
    """Finished calls in which the caller said something and which nobody judged, the oldest first. A call whose turns
    are past their term is none of them. Raises `DatabaseError`, as does `record`."""
    return [row["id"] for row in await database.fetch(_PENDING, {"since": since, "limit": limit})]


async def record(database: Database, judged: Judged) -> None:
    """The verdict and what it cost, both or neither. The cost is on the call, too: its requests have their term."""

    def write(statements: Statements) -> None:
        for use in judged.requests:
            statements.execute(_USAGE, [
                use.call_id, use.started_at, use.purpose, use.n, use.at, use.model, use.input_tokens,
                use.output_tokens, use.cache_read_tokens, use.cache_write_tokens, use.cost,
            ])  # fmt: skip
        cost = sum((use.cost for use in judged.requests), Decimal(0))
        statements.execute(_VERDICT, [judged.score, dict(judged.details), cost, judged.call_id, judged.started_at])

    await database.transaction(write)
