"""Calls as they are on record, for people who look at one: a list of them, or one with all that was said and done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from engine.database import Database, Statements

type Record = dict[str, Any]

_LIST: Final[LiteralString] = """
    SELECT id, started_at, extract(epoch FROM ended_at - started_at)::float AS seconds, caller, outcome, scenario,
           language, transfer_reason, quality_score, cost_total::float AS cost_total
    FROM calls
    WHERE (%(since)s::timestamptz IS NULL OR started_at >= %(since)s)
      AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
    ORDER BY started_at DESC LIMIT %(limit)s"""
_CALL: Final[LiteralString] = """
    SELECT id, started_at, ended_at, caller, called, channel, intent, engine, outcome, scenario, language,
           transfer_reason, transfer_summary, prompt_version, quality_score, quality, evaluated_at, cost,
           cost_total::float AS cost_total
    FROM calls WHERE id = %s"""
_HEADS: Final[LiteralString] = "SELECT id, started_at, caller FROM calls WHERE id = ANY(%s)"
_ENDED: Final[LiteralString] = "SELECT id FROM calls WHERE id = ANY(%s) AND ended_at IS NOT NULL"
_PARTS: Final[dict[str, LiteralString]] = {
    "turns": """
        SELECT n, at, speaker, text, language, confidence, interrupted, latencies FROM call_turns
        WHERE call_id = %s AND started_at = %s ORDER BY n""",
    "tool_calls": """
        SELECT n, at, name AS tool, arguments, result, ok, duration_ms FROM call_tool_calls
        WHERE call_id = %s AND started_at = %s ORDER BY n""",
    "events": """
        SELECT n, at, kind, data FROM call_events WHERE call_id = %s AND started_at = %s ORDER BY n""",
    "model_requests": """
        SELECT purpose, n, at, model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
               cost::float AS cost
        FROM llm_usage WHERE call_id = %s AND started_at = %s ORDER BY purpose, n""",
}


async def listed(database: Database, *, since: datetime | None, outcome: str | None, limit: int) -> list[Record]:
    """The latest first. Raises `DatabaseError`."""
    return await database.fetch(_LIST, {"since": since, "outcome": outcome, "limit": limit})


async def heads(database: Database, call_ids: Sequence[UUID]) -> list[Record]:
    """Who called when, of those that are on record. Raises `DatabaseError`."""
    return await database.fetch(_HEADS, [call_ids]) if call_ids else []


async def ended(database: Database, call_ids: Sequence[UUID]) -> set[UUID]:
    """Those of them whose end is on record. Raises `DatabaseError`."""
    return {row["id"] for row in await database.fetch(_ENDED, [call_ids])} if call_ids else set()


async def load(database: Database, call_id: UUID) -> Record | None:
    """One call with its `turns`, `tool_calls`, `events` and `model_requests`. Raises `DatabaseError`."""

    def read(statements: Statements) -> Record | None:
        found = statements.fetch(_CALL, [call_id])
        if not found:
            return None
        key = [call_id, found[0]["started_at"]]
        return found[0] | {name: statements.fetch(query, key) for name, query in _PARTS.items()}

    return await database.run(read)
