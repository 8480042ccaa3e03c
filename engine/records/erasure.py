"""Everything of one caller goes at once, in one transaction: what is his, and his number wherever else it stands.

What is his: his profile and call-backs, what was said, asked and answered in his calls, what he ordered. That a call
took place, how long it took and what it cost stays, without whose it was. Then every text of every table is searched
for the number; where it stands in somebody else's call, it is masked. Which columns hold text is what the catalogue
says, so that none can be forgotten.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from engine.database import Database, Row, Statements
from engine.errors import ErasureRefused
from engine.records.erased import remember
from engine.records.phone_traces import scrub, traces_of

_PATIENCE_MS: Final = 600_000
"""Every text there is is read once."""
_CALLS: Final[LiteralString] = "(SELECT id, started_at FROM calls WHERE caller = %(phone)s)"
_IDS: Final[LiteralString] = "(SELECT id FROM calls WHERE caller = %(phone)s)"
_OWN: Final[tuple[tuple[str, str, LiteralString], ...]] = (
    ("call_turns", "texts deleted", f"UPDATE call_turns SET text = '' WHERE (call_id, started_at) IN {_CALLS}"),
    (
        "call_tool_calls", "arguments and results deleted",
        f"UPDATE call_tool_calls SET arguments = '{{}}', result = '{{}}' WHERE (call_id, started_at) IN {_CALLS}",
    ),
    (
        "call_events", "data deleted",
        f"UPDATE call_events SET data = '{{}}' WHERE (call_id, started_at) IN {_CALLS} AND kind <> 'waterfall'",
    ),
    (
        "store_actions", "anonymised",
        "UPDATE store_actions SET phone = NULL, arguments = '{}', request = '{}',"
        " answer = CASE WHEN answer IS NOT NULL THEN '{}'::jsonb END,"
        " abandoned = CASE WHEN answer IS NULL THEN coalesce(abandoned, 'erased') ELSE abandoned END"
        f" WHERE phone = %(phone)s OR call_id IN {_IDS}",
    ),
    ("callback_requests", "deleted", f"DELETE FROM callback_requests WHERE phone = %(phone)s OR call_id IN {_IDS}"),
    ("customers", "deleted", "DELETE FROM customers WHERE phone = %(phone)s"),
    (
        "calls", "anonymised",
        "UPDATE calls SET caller = NULL, channel = NULL, transfer_summary = NULL, quality = quality - 'note',"
        " erased_at = now()"
        " WHERE caller = %(phone)s",
    ),
)  # fmt: skip
"""Table, what is done, how; `calls` last, since the others are found by it. A waterfall holds nothing but times."""
_TEXTS: Final[LiteralString] = """
    SELECT relname::text AS table_name, array_agg(attname::text ORDER BY attnum) AS columns,
           array_agg(format_type(atttypid, NULL) ORDER BY attnum) AS types
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
      AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype)
    GROUP BY relname ORDER BY relname"""
_JSON: Final = ("json", "jsonb")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done to so many rows of a table."""

    table: str
    what: str
    rows: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """`calls`: those that were his, by which to find what is kept of them elsewhere."""

    done: list[Erased]
    calls: list[UUID]


type Moved = Callable[[str, float, float | None], None]
"""Takes the table that is searched, how many are done, and of how many. Called from a thread."""


def not_shown(what: str, done: float, total: float | None) -> None:
    """For those who do not look."""


async def erase(database: Database, phone: str, longest_call: timedelta, moved: Moved = not_shown) -> Erasure:
    """Erase `phone` (+380XXXXXXXXX) from every table. Raises `ErasureRefused` while he is on the line, else
    `DatabaseError`: nothing was done."""

    def work(statements: Statements) -> Erasure:
        _refuse_during_call(statements, phone, longest_call)
        calls = [row["id"] for row in statements.fetch("SELECT id FROM calls WHERE caller = %s", [phone])]
        done = [Erased(table, what, statements.execute(how, {"phone": phone})) for table, what, how in _OWN]
        masked, tables = list[Erased](), statements.fetch(_TEXTS)
        for columns in tables:
            moved(columns["table_name"], len(masked), len(tables))
            masked.append(_mask(statements, columns, phone))
        remember(statements, phone)
        return Erasure([each for each in (*done, *masked) if each.rows], calls)

    async with database.session(statement_timeout_ms=_PATIENCE_MS) as session:
        return await session.transaction(work)


def _refuse_during_call(statements: Statements, phone: str, longest_call: timedelta) -> None:
    """What he goes on to say would be put on record after all."""
    open_calls = "SELECT 1 FROM calls WHERE caller = %s AND ended_at IS NULL AND started_at > now() - %s LIMIT 1"
    if statements.fetch(open_calls, [phone, longest_call]):
        raise ErasureRefused(f"{phone} is on the line: erase once the call has ended")


def _mask(statements: Statements, found: Row, phone: str) -> Erased:
    """Wherever the number stands in one table."""
    kinds = dict(zip(found["columns"], found["types"], strict=True))
    names = {"table": found["table_name"], **{f"c{number}": column for number, column in enumerate(kinds)}}
    pattern = traces_of(phone)
    columns = ", ".join(f"{{c{number}}}" for number in range(len(kinds)))
    holding = " OR ".join(f"{_as_text(f'{{c{number}}}', kind)} ~ %(it)s" for number, kind in enumerate(kinds.values()))
    query = f"SELECT ctid, {columns} FROM {{table}} WHERE {holding} FOR UPDATE"
    masked = 0
    for row in statements.fetch(query, {"it": pattern}, names=names):
        place = row.pop("ctid")
        clean = scrub(row, re.compile(pattern))
        if clean != row:
            stored = [_stored(clean[column], kind) for column, kind in kinds.items()]
            changes = ", ".join(f"{{c{number}}} = %s::{kind}" for number, kind in enumerate(kinds.values()))
            statements.execute(f"UPDATE {{table}} SET {changes} WHERE ctid = %s::tid", [*stored, place], names=names)
            masked += 1
    return Erased(found["table_name"], "number masked", masked)


def _as_text(column: LiteralString, kind: str) -> LiteralString:
    """Of JSON without its escapes, whose letters would stand between two digits."""
    return rf"regexp_replace({column}::text, '\\[nrt]', ' ', 'g')" if kind in _JSON else column


def _stored(value: Any, kind: str) -> str | None:
    return value if value is None or kind not in _JSON else json.dumps(value, ensure_ascii=False)
