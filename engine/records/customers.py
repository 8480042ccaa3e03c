"""What is on record of one caller, by his number (+380XXXXXXXXX). How all of it goes is in `erasure`."""

from collections.abc import Sequence
from typing import Any, Final, LiteralString

from engine.database import Database, Row
from engine.records import calls
from engine.records.cursors import cursor_of

_CUSTOMER: Final[LiteralString] = """
    SELECT phone, name, city, vehicle, address, calls, first_call_at, last_call_at FROM customer_calls"""
_NEVER: Final = "-infinity"
_LAST: Final[LiteralString] = "coalesce(last_call_at, '-infinity')"
_LIST: Final[LiteralString] = f"""
    {_CUSTOMER}
    WHERE %(at)s::timestamptz IS NULL OR {_LAST} < %(at)s::timestamptz
       OR ({_LAST} = %(at)s::timestamptz AND phone > %(phone)s)
    ORDER BY {_LAST} DESC, phone LIMIT %(limit)s"""
CURSOR_VALUES: Final = 2
_BELONGING: Final[dict[str, LiteralString]] = {
    "store_actions": """
        SELECT key, call_id, tool, arguments, request, intended_at, answered_at, answer, abandoned
        FROM store_actions WHERE phone = %s ORDER BY intended_at""",
    "callback_requests": """
        SELECT id, call_id, name, note, preferred_time, created_at, done_at, done_by, result
        FROM callback_requests WHERE phone = %s ORDER BY created_at""",
}


async def listed(database: Database, limit: int, after: Sequence[str] | None = None) -> list[Row]:
    """Customers, who called last first, from after a cursor's values. Raises `DatabaseError`."""
    at, phone = after or (None, None)
    return await database.fetch(_LIST, {"limit": limit, "at": at, "phone": phone})


def cursor(row: Row) -> str:
    """Of a page that ends with it."""
    return cursor_of(row["last_call_at"] or _NEVER, row["phone"])


async def load(database: Database, phone: str) -> dict[str, Any] | None:
    """`customer`, his `calls` without what was said in them, the latest first, `store_actions` and
    `callback_requests`; None if nothing is on record. Raises `DatabaseError`."""
    customer = await database.fetch(f"{_CUSTOMER} WHERE phone = %s", [phone])
    belonging = {name: await database.fetch(query, [phone]) for name, query in _BELONGING.items()}
    if not customer and not any(belonging.values()):
        return None
    his_calls = await database.fetch(
        "SELECT id, started_at, ended_at, outcome, scenario, transfer_reason FROM calls WHERE caller = %s"
        " ORDER BY started_at DESC", [phone],
    )  # fmt: skip
    return {"customer": customer[0] if customer else {"phone": phone}, "calls": his_calls, **belonging}


async def export(database: Database, phone: str) -> dict[str, Any] | None:
    """As `load`, with everything said and done in his calls, the first one first. Raises `DatabaseError`."""
    known = await load(database, phone)
    if known is None:
        return None
    return known | {"calls": [await calls.load(database, call["id"]) for call in reversed(known["calls"])]}
