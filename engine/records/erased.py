"""Numbers that were erased do not come back with records that lay in a spool meanwhile, here or on another machine.

An erasure leaves a salted hash of the number and the time. Rows of a replay that are older are compared with it: what
is his is put on record without him, as the erasure itself would have left it. Rows that are written as they come are
never older than an erasure: they are not looked at.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import trio

from engine.database import Database, Statements
from engine.records.entries import Entry

type Fields = dict[str, Any]

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_ROUNDS: Final = 20_000
_NEWER: Final[LiteralString] = "SELECT salt, hash, erased_at AS at FROM erased_numbers WHERE erased_at > %s"
_CALLS: Final[LiteralString] = "SELECT id FROM calls WHERE id = ANY(%s) AND erased_at IS NOT NULL"
_MARK: Final[LiteralString] = "UPDATE calls SET erased_at = now() WHERE id = ANY(%s) AND erased_at IS NULL"
_PHONE: Final = {"CallStarted": "caller", "ActionRow": "phone", "CallbackRow": "phone", "ProfileRow": "phone"}
_SINCE: Final = {"ActionRow": "intended_at", "CallbackRow": "created_at", "ProfileRow": "updated_at"}


def _action(row: Fields) -> Fields:
    answered = row.get("answer") is not None
    return {
        "phone": None, "arguments": {}, "request": {}, "answer": {} if answered else None,
        "abandoned": row.get("abandoned") if answered else row.get("abandoned") or "erased",
    }  # fmt: skip


_WITHOUT: Final[Mapping[str, Callable[[Fields], Fields | None]]] = {
    "CallStarted": lambda row: {"caller": None, "channel": None},
    "TurnRow": lambda row: {"text": ""},
    "ToolCallRow": lambda row: {"arguments": {}, "result": {}},
    "EventRow": lambda row: {} if row["kind"] == "waterfall" else {"data": {}},
    "CallEnded": lambda row: {"transfer_summary": None},
    "ActionRow": _action,
    "CallbackRow": lambda row: None,
    "ProfileRow": lambda row: None,
}
"""What changes in a row of each kind that is his; None: all of it goes. Other kinds hold nothing of a person."""


@dataclass(frozen=True, slots=True)
class _Number:
    salt: bytes
    hash: bytes
    at: datetime


def remember(statements: Statements, phone: str) -> None:
    """Leave the trace by which what is replayed later is known."""
    salt = os.urandom(16)
    statements.execute("INSERT INTO erased_numbers (salt, hash) VALUES (%s, %s)", [salt, _hash(phone, salt)])


async def without_erased(database: Database, entries: Sequence[Entry]) -> tuple[list[Entry], list[UUID]]:
    """The entries without whoever was erased since, and his calls that begin among them, for `mark`. Raises
    `DatabaseError`."""
    if not entries:
        return [], []
    newer = [_Number(**row) for row in await database.fetch(_NEWER, [min(map(_moment, entries))])]
    if not newer:
        return list(entries), []
    rows = [entry.fields() for entry in entries]
    his = await trio.to_thread.run_sync(_his, entries, rows, newer)
    began = _calls(
        row for entry, row, is_his in zip(entries, rows, his, strict=True) if is_his and entry.kind == "CallStarted"
    )
    erased = [row["id"] for row in await database.fetch(_CALLS, [_calls(rows)])]
    known = {*map(str, began), *map(str, erased)}
    cleaned = [
        _cleaned(entry, row) if is_his or row.get("call_id") in known else entry
        for entry, row, is_his in zip(entries, rows, his, strict=True)
    ]
    return [entry for entry in cleaned if entry is not None], began


async def mark(database: Database, calls: Collection[UUID]) -> None:
    """What is replayed of them after this, is known as his. Raises `DatabaseError`."""
    if calls:
        await database.execute(_MARK, [list(calls)])


def _his(entries: Sequence[Entry], rows: Sequence[Fields], newer: Sequence[_Number]) -> list[bool]:
    """Which rows name a number that was erased after them. Blocks: a hash takes milliseconds."""
    known: dict[tuple[str, bytes], bool] = {}

    def erased(entry: Entry, row: Fields) -> bool:
        phone = row.get(_PHONE.get(entry.kind, ""))
        if phone is None:
            return False
        moment = _moment(entry)
        for number in newer:
            if number.at > moment:
                key = (phone, number.salt)
                if key not in known:
                    known[key] = _hash(*key) == number.hash
                if known[key]:
                    return True
        return False

    return [erased(entry, row) for entry, row in zip(entries, rows, strict=True)]


def _cleaned(entry: Entry, row: Fields) -> Entry | None:
    if entry.kind not in _WITHOUT:
        return entry
    changes = _WITHOUT[entry.kind](row)
    if changes is None:
        return None
    return entry._replace(json=json.dumps({**row, **changes}, ensure_ascii=False, separators=(",", ":")).encode())


def _calls(rows: Iterable[Fields]) -> list[UUID]:
    found = set()
    for row in rows:
        with suppress(KeyError, TypeError, AttributeError, ValueError):
            found.add(UUID(row["call_id"]))
    return list(found)


def _moment(entry: Entry) -> datetime:
    """What no table will take may lack it: then it is nobody's."""
    try:
        return entry.month_of or datetime.fromisoformat(entry.fields()[_SINCE[entry.kind]])
    except (KeyError, TypeError, ValueError):
        return _NEVER


def _hash(phone: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", phone.encode(), salt, _ROUNDS)
