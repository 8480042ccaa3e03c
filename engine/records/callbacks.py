"""Who waits to be called back, for the operators: a list, and ticking one off."""

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

from engine.database import Database, Row
from engine.records.cursors import cursor_of

_LIST: Final[LiteralString] = """
    SELECT id, created_at, phone, name, preferred_time, note, call_id, done_at, done_by, result
    FROM callback_requests
    WHERE (%(everything)s OR done_at IS NULL)
      AND (%(done_at)s::timestamptz IS NULL OR coalesce(done_at, 'infinity') < %(done_at)s::timestamptz
           OR (coalesce(done_at, 'infinity') = %(done_at)s::timestamptz
               AND (created_at, id) > (%(created_at)s::timestamptz, %(id)s::uuid)))
    ORDER BY done_at DESC NULLS FIRST, created_at, id LIMIT %(limit)s"""
_NOT_YET: Final = "infinity"
CURSOR_VALUES: Final = 3
_DONE: Final[LiteralString] = """
    UPDATE callback_requests SET done_at = now(), done_by = %(by)s, result = %(note)s
    WHERE id = %(id)s AND done_at IS NULL"""
_FIND: Final[LiteralString] = "SELECT done_at, done_by FROM callback_requests WHERE id = %s"


async def listed(database: Database, *, everything: bool, limit: int, after: Sequence[str] | None = None) -> list[Row]:
    """Who waits, the longest waiting first; with `everything` then those who were called; from after a cursor's values.
    Raises `DatabaseError`."""
    done_at, created_at, request = after or (None, None, None)
    return await database.fetch(
        _LIST,
        {"everything": everything, "limit": limit, "done_at": done_at, "created_at": created_at, "id": request},
    )


def cursor(row: Row) -> str:
    """Of a page that ends with it."""
    return cursor_of(row["done_at"] or _NOT_YET, row["created_at"], row["id"])


async def find(database: Database, request: UUID) -> Row | None:
    """When and by whom it was done. Raises `DatabaseError`."""
    found = await database.fetch(_FIND, [request])
    return found[0] if found else None


async def mark_done(database: Database, request: UUID, by: str, note: str | None) -> bool:
    """Whether it was still open. Raises `DatabaseError`."""
    return bool(await database.execute(_DONE, {"id": request, "by": by, "note": note}))
