"""How each kind of row is written: all rows of a kind in one statement, from a JSON array of them.

The database unfolds the array, so a row costs the engine one JSON line, the same that goes to the spool. Every
statement may be repeated, and those of one table may come in any order. Where a row may be changed by a later one
(DO UPDATE), only one row of a key is taken from an array: PostgreSQL refuses to touch a row twice.
"""

from collections.abc import Mapping
from typing import Final, LiteralString

from engine.records.rows import (
    ActionRow,
    CallbackRow,
    CallEnded,
    CallStarted,
    EventRow,
    ModelUseRow,
    ProfileRow,
    Row,
    ToolCallRow,
    TurnRow,
)

INSERT: Final[Mapping[type[Row], LiteralString]] = {
    CallStarted: """
        INSERT INTO calls (id, started_at, caller, called, channel, intent, engine, prompt_version)
        SELECT DISTINCT ON (call_id) call_id, started_at, caller, called, channel, intent, engine, prompt_version
        FROM jsonb_to_recordset($1::jsonb) AS r(call_id uuid, started_at timestamptz, caller text, called text,
            channel text, intent text, engine text, prompt_version text)
        ON CONFLICT (id, started_at) DO UPDATE SET caller = excluded.caller, called = excluded.called,
            channel = excluded.channel, intent = excluded.intent, engine = excluded.engine,
            prompt_version = excluded.prompt_version""",
    TurnRow: """
        INSERT INTO call_turns (call_id, started_at, n, at, speaker, text, language, confidence, interrupted,
            latencies)
        SELECT call_id, started_at, n, at, speaker, text, language, confidence, interrupted, latencies
        FROM jsonb_populate_recordset(NULL::call_turns, $1::jsonb)
        ON CONFLICT DO NOTHING""",
    ToolCallRow: """
        INSERT INTO call_tool_calls (call_id, started_at, n, at, name, arguments, result, ok, duration_ms)
        SELECT call_id, started_at, n, at, name, arguments, result, ok, duration_ms
        FROM jsonb_populate_recordset(NULL::call_tool_calls, $1::jsonb)
        ON CONFLICT DO NOTHING""",
    EventRow: """
        INSERT INTO call_events (call_id, started_at, n, at, kind, data)
        SELECT call_id, started_at, n, at, kind, data
        FROM jsonb_populate_recordset(NULL::call_events, $1::jsonb)
        ON CONFLICT DO NOTHING""",
    ModelUseRow: """
        INSERT INTO llm_usage (call_id, started_at, purpose, n, at, model, input_tokens, output_tokens,
            cache_read_tokens, cache_write_tokens, cost)
        SELECT call_id, started_at, purpose, n, at, model, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, cost
        FROM jsonb_populate_recordset(NULL::llm_usage, $1::jsonb)
        ON CONFLICT DO NOTHING""",
    CallEnded: """
        INSERT INTO calls (id, started_at, ended_at, outcome, transfer_reason, transfer_summary, scenario, language,
            answer_ms, cost, cost_total)
        SELECT DISTINCT ON (call_id) call_id, started_at, ended_at, outcome, transfer_reason, transfer_summary,
            scenario, language, answer_ms, cost, cost_total
        FROM jsonb_to_recordset($1::jsonb) AS r(call_id uuid, started_at timestamptz, ended_at timestamptz,
            outcome text, transfer_reason text, transfer_summary text, scenario text, language text,
            answer_ms real[], cost jsonb, cost_total numeric)
        ON CONFLICT (id, started_at) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome,
            transfer_reason = excluded.transfer_reason, transfer_summary = excluded.transfer_summary,
            scenario = excluded.scenario, language = excluded.language, answer_ms = excluded.answer_ms,
            cost = excluded.cost, cost_total = excluded.cost_total""",
    ActionRow: """
        INSERT INTO store_actions AS known (key, call_id, phone, tool, arguments, request, engine, intended_at,
            answered_at, answer, abandoned)
        SELECT DISTINCT ON (key) key, call_id, phone, tool, arguments, request, engine, intended_at, answered_at,
            answer, abandoned
        FROM jsonb_populate_recordset(NULL::store_actions, $1::jsonb)
        ORDER BY key, answer IS NULL, intended_at DESC, abandoned NULLS LAST
        ON CONFLICT (key) DO UPDATE SET answered_at = coalesce(known.answered_at, excluded.answered_at),
            answer = coalesce(known.answer, excluded.answer),
            intended_at = greatest(known.intended_at, excluded.intended_at),
            abandoned = CASE WHEN coalesce(known.answer, excluded.answer) IS NOT NULL THEN NULL
                WHEN excluded.intended_at > known.intended_at THEN excluded.abandoned
                WHEN excluded.intended_at < known.intended_at THEN known.abandoned
                ELSE coalesce(known.abandoned, excluded.abandoned) END""",
    CallbackRow: """
        INSERT INTO callback_requests AS known (id, call_id, phone, name, note, preferred_time, created_at)
        SELECT id, call_id, phone,
            (array_agg(name ORDER BY created_at DESC) FILTER (WHERE name IS NOT NULL))[1],
            (array_agg(note ORDER BY created_at DESC))[1],
            (array_agg(preferred_time ORDER BY created_at DESC) FILTER (WHERE preferred_time IS NOT NULL))[1],
            max(created_at)
        FROM jsonb_populate_recordset(NULL::callback_requests, $1::jsonb) GROUP BY id, call_id, phone
        ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, known.name), note = excluded.note,
            preferred_time = coalesce(excluded.preferred_time, known.preferred_time), created_at = excluded.created_at
        WHERE known.done_at IS NULL AND known.created_at <= excluded.created_at""",
    ProfileRow: """
        INSERT INTO customers AS known (phone, name, city, vehicle, address, updated_at)
        SELECT phone,
            (array_agg(name ORDER BY updated_at DESC) FILTER (WHERE name IS NOT NULL))[1],
            (array_agg(city ORDER BY updated_at DESC) FILTER (WHERE city IS NOT NULL))[1],
            (array_agg(vehicle ORDER BY updated_at DESC) FILTER (WHERE vehicle IS NOT NULL))[1],
            (array_agg(address ORDER BY updated_at DESC) FILTER (WHERE address IS NOT NULL))[1],
            max(updated_at)
        FROM jsonb_populate_recordset(NULL::customers, $1::jsonb) GROUP BY phone
        ON CONFLICT (phone) DO UPDATE SET
            name = CASE WHEN excluded.updated_at >= known.updated_at THEN coalesce(excluded.name, known.name)
                ELSE coalesce(known.name, excluded.name) END,
            city = CASE WHEN excluded.updated_at >= known.updated_at THEN coalesce(excluded.city, known.city)
                ELSE coalesce(known.city, excluded.city) END,
            vehicle = CASE WHEN excluded.updated_at >= known.updated_at THEN coalesce(excluded.vehicle, known.vehicle)
                ELSE coalesce(known.vehicle, excluded.vehicle) END,
            address = CASE WHEN excluded.updated_at >= known.updated_at THEN coalesce(excluded.address, known.address)
                ELSE coalesce(known.address, excluded.address) END,
            updated_at = greatest(known.updated_at, excluded.updated_at)""",
}
KINDS: Final[Mapping[str, type[Row]]] = {kind.__name__: kind for kind in INSERT}
"""By the name a spool knows them under."""
