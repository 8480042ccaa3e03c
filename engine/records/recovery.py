"""Closes the calls an engine left open when it died: outcome `interrupted`, ended when they were last heard of."""

from datetime import datetime, timedelta
from typing import Final

from engine.database import Database
from engine.log import get_logger

log = get_logger("records.recovery")

INTERRUPTED: Final = "interrupted"
_LAST_HEARD: Final = """greatest(calls.started_at,
    (SELECT max(at) FROM call_turns r WHERE r.call_id = calls.id AND r.started_at = calls.started_at),
    (SELECT max(at) FROM call_tool_calls r WHERE r.call_id = calls.id AND r.started_at = calls.started_at),
    (SELECT max(at) FROM call_events r WHERE r.call_id = calls.id AND r.started_at = calls.started_at))"""
_CLOSE: Final = f"""
    UPDATE calls SET outcome = %(outcome)s, ended_at = {_LAST_HEARD}
    WHERE ended_at IS NULL AND started_at < %(before)s
      AND (engine = %(engine)s OR started_at < %(before)s - %(gone_after)s)"""


async def close_left_open(database: Database, engine: str, before: datetime, gone_after: timedelta) -> int:
    """The calls of that engine that began before it did, and of any other those older than a call can be; how many.
    A late end of one of them, from a spool, overwrites this. Raises `DatabaseError`."""
    parameters = {"outcome": INTERRUPTED, "engine": engine, "before": before, "gone_after": gone_after}
    closed = await database.execute(_CLOSE, parameters)
    if closed:
        log.warning("calls_closed", outcome=INTERRUPTED, calls=closed)
    return closed
