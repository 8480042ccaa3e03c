"""Closes the calls an engine left open when it died: outcome `interrupted`, ended when they were last heard of, with
what their rows tell of them: what they were about, in which language, what they cost.

The cost is what the model and the recogniser, which listens all the time, are known to have had; what was asked of the
synthesiser died with the engine. Their turns have their term, so all this is told while they are there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from engine.config import CostConfig
from engine.database import Database, Row, Statements
from engine.log import get_logger
from engine.records.cost import Bill, speech, tokens
from engine.records.scenario import scenario

log = get_logger("records.recovery")

INTERRUPTED: Final = "interrupted"
_ITS: Final = "r.call_id = calls.id AND r.started_at = calls.started_at"
_OPEN: Final[LiteralString] = f"""
    SELECT id, started_at, greatest(calls.started_at,
               (SELECT max(at) FROM call_turns r WHERE {_ITS}),
               (SELECT max(at) FROM call_tool_calls r WHERE {_ITS}),
               (SELECT max(at) FROM call_events r WHERE {_ITS})) AS heard_at,
           ARRAY(SELECT DISTINCT name FROM call_tool_calls r WHERE {_ITS} AND ok) AS tools,
           EXISTS (SELECT FROM call_turns r WHERE {_ITS} AND speaker = 'caller') AS caller_spoke,
           (SELECT nullif(mode() WITHIN GROUP (ORDER BY coalesce(language, '')), '')
            FROM call_turns r WHERE {_ITS} AND speaker = 'caller') AS language,
           ARRAY(SELECT (data ->> 'first_audio')::real FROM call_events r
                 WHERE {_ITS} AND kind = 'waterfall' AND data ? 'first_audio' ORDER BY n) AS answer_ms,
           ARRAY(SELECT jsonb_build_object('model', model, 'input', sum(input_tokens), 'output', sum(output_tokens),
                     'cache_read', sum(cache_read_tokens), 'cache_write', sum(cache_write_tokens))
                 FROM llm_usage r WHERE {_ITS} AND purpose = 'dialogue' GROUP BY model) AS uses
    FROM calls
    WHERE ended_at IS NULL AND (engine = %(engine)s AND started_at < %(before)s OR started_at < %(gone)s)"""
_CLOSE: Final[LiteralString] = """
    UPDATE calls SET outcome = %(outcome)s, ended_at = %(heard_at)s, scenario = %(scenario)s, language = %(language)s,
        answer_ms = %(answer_ms)s, cost = %(cost)s, cost_total = %(cost_total)s
    WHERE id = %(id)s AND started_at = %(started_at)s AND ended_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Lost:
    """Whose calls and actions nobody looks after any more: `engine`'s from before it began (`before`), and of any other
    those older than a call can be (`gone`)."""

    engine: str
    before: datetime
    gone: datetime


async def close_left_open(database: Database, prices: CostConfig, lost: Lost) -> int:
    """How many there were. A late end of one of them, from a spool, overwrites this. Raises `DatabaseError`."""
    whose = {"engine": lost.engine, "before": lost.before, "gone": lost.gone}

    def close(statements: Statements) -> int:
        return sum(statements.execute(_CLOSE, _ending(row, prices)) for row in statements.fetch(_OPEN, whose))

    closed = await database.transaction(close)
    if closed:
        log.warning("calls_closed", outcome=INTERRUPTED, calls=closed)
    return closed


def _ending(row: Row, prices: CostConfig) -> dict[str, Any]:
    bill = Bill()
    bill.add(speech(prices, (row["heard_at"] - row["started_at"]).total_seconds()))
    for use in row["uses"]:
        for line in tokens(prices, use["model"], use):
            bill.add(line)
    return {
        **row, "outcome": INTERRUPTED, "cost": bill.breakdown(), "cost_total": bill.total,
        "scenario": scenario(row["tools"], INTERRUPTED, caller_spoke=row["caller_spoke"]),
    }  # fmt: skip
