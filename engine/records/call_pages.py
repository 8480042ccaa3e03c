"""The list of calls, page by page, the latest first, by whatever one looks for.

A page begins after the last call of the one before, wherever that is by now: new calls move nothing, and the thousandth
page costs what the first does.
"""

import base64
import binascii
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from engine.database import Row, Runner, Statements

_COLUMNS: Final[LiteralString] = """
    SELECT id, started_at, extract(epoch FROM ended_at - started_at)::float AS seconds, caller, outcome, scenario,
           language, transfer_reason, prompt_version, quality_score, cost_total::float AS cost_total"""
_CONDITIONS: Final[dict[str, LiteralString]] = {
    "begins": "started_at >= %(begins)s",
    "ends": "started_at < %(ends)s",
    "outcome": "outcome = %(outcome)s",
    "scenario": "scenario = %(scenario)s",
    "caller": "caller = %(caller)s",
    "prompt_version": "prompt_version = %(prompt_version)s",
    "least_score": "quality_score >= %(least_score)s",
    "most_score": "quality_score <= %(most_score)s",
    "after_at": "(started_at, id) < (%(after_at)s, %(after_id)s)",
}
_ORDER: Final[LiteralString] = "ORDER BY started_at DESC, id DESC LIMIT"
_SAID: Final[LiteralString] = "to_tsvector('simple', text) @@ to_tsquery('simple', %(words)s)"
_SAID_IN_THE_NEXT: Final[LiteralString] = f"""
    FROM (SELECT * FROM calls WHERE {{where}} {_ORDER} %(walk)s) AS next
    CROSS JOIN LATERAL (
        SELECT FROM call_turns AS turn WHERE turn.call_id = next.id AND turn.started_at = next.started_at AND {_SAID}
        LIMIT 1) AS said"""
_SAID_ANYWHERE: Final[LiteralString] = f"""
    FROM (SELECT DISTINCT ON (started_at, call_id) call_id, started_at AS began FROM call_turns
          WHERE {_SAID}
            AND (%(begins)s::timestamptz IS NULL OR started_at >= %(begins)s)
            AND (%(ends)s::timestamptz IS NULL OR started_at < %(ends)s)
            AND (%(after_at)s::timestamptz IS NULL OR started_at <= %(after_at)s)
          ORDER BY started_at DESC, call_id DESC) AS said
    CROSS JOIN LATERAL (SELECT * FROM calls WHERE id = call_id AND started_at = began AND {{where}} LIMIT 1) AS call"""
"""One by one, the latest first, until the page is full: joined as a whole, every call would be read."""
_PLANNING: Final[LiteralString] = """
    SET LOCAL plan_cache_mode = force_custom_plan;  -- what is looked for decides how
    SET LOCAL max_parallel_workers_per_gather = 0   -- starting workers takes longer than all of it"""
_WALK: Final = 4
"""So many calls a row of the page are looked through one by one for words, before the index of words is asked: a word
that stands in every fourth call is found so at once, where the index would first gather a hundred thousand turns."""
_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Looked:
    """For what; None for anything. `begins` up to, not including, `ends`. `words`: what was said, see `words_query`."""

    begins: datetime | None = None
    ends: datetime | None = None
    outcome: str | None = None
    scenario: str | None = None
    caller: str | None = None
    prompt_version: str | None = None
    least_score: float | None = None
    most_score: float | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last call of a page."""

    started_at: datetime
    call_id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.started_at.isoformat()} {self.call_id}".encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Cursor | None:
    """None where it is none of ours."""
    try:
        at, _, call_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        moment, found = datetime.fromisoformat(at), UUID(call_id)
    except (ValueError, binascii.Error):
        return None
    return Cursor(moment, found) if moment.tzinfo is not None else None


def words_query(text: str) -> str | None:
    """Every word must be there, or one that begins so: there are no stems, but `достав` finds `доставка` and
    `доставку`. None if there is no word in it. Pure."""
    words = _WORD.findall(text)[:_MOST_WORDS]
    return " & ".join(f"{word}:*" for word in words) or None


@dataclass(frozen=True, slots=True)
class Page:
    """`after` None: there is no other."""

    calls: list[Row]
    after: Cursor | None


async def page(runner: Runner, looked: Looked, after: Cursor | None, size: int) -> Page:
    """Raises `DatabaseError`."""
    parameters: dict[str, Any] = asdict(looked) | {
        "after_at": after and after.started_at, "after_id": after and after.call_id,
        "size": size + 1, "walk": _WALK * size,
    }  # fmt: skip
    conditions = [condition for name, condition in _CONDITIONS.items() if parameters[name] is not None]
    where: LiteralString = " AND ".join(conditions) if conditions else "true"
    ways = (" FROM calls WHERE {where}",) if looked.words is None else (_SAID_IN_THE_NEXT, _SAID_ANYWHERE)

    def read(statements: Statements) -> list[Row]:
        statements.execute(_PLANNING)
        rows: list[Row] = []
        for way in ways:
            query: LiteralString = f"{_COLUMNS}{way.replace('{where}', where)} {_ORDER} %(size)s"
            rows = statements.fetch(query, parameters)
            if len(rows) > size:
                break
        return rows

    rows = await runner.transaction(read)
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], Cursor(last["started_at"], last["id"]) if last is not None else None)
