"""Who waits to be called back, for the operators: a list, and ticking one off."""

from typing import Final, LiteralString
from uuid import UUID

from engine.database import Database, Row

_LIST: Final[LiteralString] = """
    SELECT id, created_at, phone, name, preferred_time, note, call_id, done_at, done_by, result
    FROM callback_requests WHERE %(everything)s OR done_at IS NULL
    ORDER BY done_at DESC NULLS FIRST, created_at LIMIT %(limit)s"""
_DONE: Final[LiteralString] = """
    UPDATE callback_requests SET done_at = now(), done_by = %(by)s, result = %(note)s
    WHERE id = %(id)s AND done_at IS NULL"""
_FIND: Final[LiteralString] = "SELECT done_at, done_by FROM callback_requests WHERE id = %s"


async def listed(database: Database, *, everything: bool, limit: int) -> list[Row]:
    """Who waits, the longest waiting first; with `everything` then those who were called. Raises `DatabaseError`."""
    return await database.fetch(_LIST, {"everything": everything, "limit": limit})


async def find(database: Database, request: UUID) -> Row | None:
    """When and by whom it was done. Raises `DatabaseError`."""
    found = await database.fetch(_FIND, [request])
    return found[0] if found else None


async def mark_done(database: Database, request: UUID, by: str, note: str | None) -> bool:
    """Whether it was still open. Raises `DatabaseError`."""
    return bool(await database.execute(_DONE, {"id": request, "by": by, "note": note}))
