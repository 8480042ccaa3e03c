"""Records for the API to show."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from engine.database import Database

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PHONE = "+380671234567"


async def put_call(database: Database, *said: str, minutes: int = 0, **columns: Any) -> UUID:
    """One call, `minutes` after `START`, in which the caller said so."""
    call_id, at = uuid4(), START + timedelta(minutes=minutes)
    row = {
        "id": call_id, "started_at": at, "ended_at": at + timedelta(seconds=60), "caller": PHONE, "called": "100",
        "outcome": "completed", "scenario": "order", "quality_score": None, "prompt_version": None, "cost_total": 0.25,
        "answer_ms": [700.0, 900.0],
    } | columns  # fmt: skip
    await database.execute("SELECT ensure_partitions(%s)", [at])
    await database.execute(
        """INSERT INTO calls (id, started_at, ended_at, caller, called, outcome, scenario, quality_score,
               prompt_version, cost_total, answer_ms)
           VALUES (%(id)s, %(started_at)s, %(ended_at)s, %(caller)s, %(called)s, %(outcome)s, %(scenario)s,
               %(quality_score)s, %(prompt_version)s, %(cost_total)s, %(answer_ms)s)""",
        row,
    )
    for n, text in enumerate(said):
        await database.execute(
            "INSERT INTO call_turns (call_id, started_at, n, at, speaker, text) VALUES (%s, %s, %s, %s, 'caller', %s)",
            [call_id, at, n, at, text],
        )
    return call_id
