"""Calls that somebody wants ended: written by whoever is asked, read by the engine that has the call."""

from collections.abc import Sequence
from uuid import UUID

from engine.database import Runner, Statements


async def request(runner: Runner, call_id: UUID) -> None:
    """Raises `DatabaseError`, as `requested`."""

    def work(statements: Statements) -> None:
        statements.execute("DELETE FROM hangup_requests WHERE requested_at < now() - interval '1 day'")
        statements.execute("INSERT INTO hangup_requests (call_id) VALUES (%s) ON CONFLICT DO NOTHING", [call_id])

    await runner.transaction(work)


async def requested(runner: Runner, calls: Sequence[UUID]) -> list[UUID]:
    """Which of those shall end; each is told of once."""
    rows = await runner.fetch("DELETE FROM hangup_requests WHERE call_id = ANY(%s) RETURNING call_id", [list(calls)])
    return [row["call_id"] for row in rows]
