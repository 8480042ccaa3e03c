"""Where a page of a list ends, as clients are told and give it back: to them one word, to us the values by which the
list is ordered. A page begins after them, wherever their row is by now: what comes meanwhile moves nothing.

`call_pages` has its own.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime


def cursor_of(*values: object) -> str:
    """None of them with a line break in it."""
    plain = (value.isoformat() if isinstance(value, datetime) else str(value) for value in values)
    return base64.urlsafe_b64encode("\n".join(plain).encode()).decode().rstrip("=")


def values_of(cursor: str, count: int) -> list[str] | None:
    """As text; None where it is none of ours."""
    try:
        values = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("\n")
    except (ValueError, binascii.Error):
        return None
    return values if len(values) == count else None


def page_of[Row](rows: Sequence[Row], size: int, cursor: Callable[[Row], str]) -> tuple[Sequence[Row], str | None]:
    """`rows`: one more than `size` where there are others. The page, and its cursor unless it is the last."""
    return (rows[:size], cursor(rows[size - 1])) if len(rows) > size else (rows, None)
