"""The list of calls, page by page, the latest first, by whatever one looks for.

A page begins after the last call of the one before, wherever that is by now: new calls move nothing, and the thousandth
page costs what the first does.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from engine.database import Row, Runner, Statements

_COLUMNS: Final[LiteralString] = """
    SELECT id, started_at, extract(epoch FROM ended_at - started_at)::float AS seconds, caller, outcome, scenario,
           language, transfer_reason, prompt_version, quality_score, cost_total::float AS cost_total
    FROM calls"""
_CONDITIONS: Final[dict[str, LiteralString]] = {
    "begins": "started_at >= %(begins)s",
    "ends": "started_at < %(ends)s",
    "outcome": "outcome = %(outcome)s",
    "scenario": "scenario = %(scenario)s",
    "caller": "caller = %(caller)s",
    "prompt_version": "prompt_version = %(prompt_version)s",
    "least_score": "quality_score >= %(least_score)s",
    "most_score": "quality_score <= %(most_score)s",
    "words": """EXISTS (SELECT FROM call_turns WHERE call_id = id AND call_turns.started_at = calls.started_at
                        AND to_tsvector('simple', text) @@ to_tsquery('simple', %(words)s))""",
}
_AFTER: Final[LiteralString] = "(started_at, id) < (%(after_at)s, %(after_id)s)"
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
    parameters: dict[str, Any] = {name: getattr(looked, name) for name in _CONDITIONS}
    conditions = [condition for name, condition in _CONDITIONS.items() if parameters[name] is not None]
    if after is not None:
        conditions.append(_AFTER)
        parameters |= {"after_at": after.started_at, "after_id": after.call_id}
    where: LiteralString = "\n    AND ".join(conditions) if conditions else "true"
    query: LiteralString = f"{_COLUMNS} WHERE {where} ORDER BY started_at DESC, id DESC LIMIT %(size)s"

    def read(statements: Statements) -> list[Row]:
        statements.execute("SET LOCAL plan_cache_mode = force_custom_plan")  # what is looked for decides how
        return statements.fetch(query, parameters | {"size": size + 1})

    rows = await runner.transaction(read)
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], Cursor(last["started_at"], last["id"]) if last is not None else None)
