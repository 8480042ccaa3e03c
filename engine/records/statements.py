"""How each kind of row is written. Every statement may be repeated, and the two of `calls` may come in any order."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final, LiteralString

from engine.records.rows import CallEnded, CallStarted, EventRow, Row, ToolCallRow, TurnRow

INSERT: Final[Mapping[type[Row], LiteralString]] = {
    CallStarted: """
        INSERT INTO calls (id, started_at, caller, called, channel, intent)
        VALUES (%(call_id)s, %(started_at)s, %(caller)s, %(called)s, %(channel)s, %(intent)s)
        ON CONFLICT (id, started_at) DO UPDATE SET caller = excluded.caller, called = excluded.called,
            channel = excluded.channel, intent = excluded.intent""",
    TurnRow: """
        INSERT INTO call_turns (call_id, started_at, n, at, speaker, text, language, confidence, interrupted,
            latencies)
        VALUES (%(call_id)s, %(started_at)s, %(n)s, %(at)s, %(speaker)s, %(text)s, %(language)s, %(confidence)s,
            %(interrupted)s, %(latencies)s)
        ON CONFLICT DO NOTHING""",
    ToolCallRow: """
        INSERT INTO call_tool_calls (call_id, started_at, n, at, name, arguments, result, ok, duration_ms)
        VALUES (%(call_id)s, %(started_at)s, %(n)s, %(at)s, %(name)s, %(arguments)s, %(result)s, %(ok)s,
            %(duration_ms)s)
        ON CONFLICT DO NOTHING""",
    EventRow: """
        INSERT INTO call_events (call_id, started_at, n, at, kind, data)
        VALUES (%(call_id)s, %(started_at)s, %(n)s, %(at)s, %(kind)s, %(data)s)
        ON CONFLICT DO NOTHING""",
    CallEnded: """
        INSERT INTO calls (id, started_at, ended_at, outcome, transfer_reason, transfer_summary)
        VALUES (%(call_id)s, %(started_at)s, %(ended_at)s, %(outcome)s, %(transfer_reason)s, %(transfer_summary)s)
        ON CONFLICT (id, started_at) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome,
            transfer_reason = excluded.transfer_reason, transfer_summary = excluded.transfer_summary""",
}


def parameters(row: Row) -> dict[str, Any]:
    """The row's fields by name; mappings as dicts, which become jsonb, and text without the NUL that PostgreSQL
    cannot hold."""
    return {field.name: _adapted(getattr(row, field.name)) for field in fields(row)}


def _adapted(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    return dict(value) if isinstance(value, Mapping) else value
