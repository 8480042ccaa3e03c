"""The trail: who looked at people's data, and who changed what. Kept for `RETENTION_AUDIT_DAYS`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from engine.database import Runner
from engine.redaction import mask_phone, mask_text

_LIST: Final = """
    SELECT id, at, who, what, object, ip FROM audit_log
    WHERE (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s"""


@dataclass(frozen=True, slots=True)
class Entry:
    """`what`: `calls.read`, `prompts.activate`. `object`: which one."""

    id: int
    at: datetime
    who: str
    what: str
    object: str
    ip: str


async def note(runner: Runner, who: str, what: str, of: str = "", ip: str = "") -> None:
    """Before it is done: what cannot be noted must not happen. Phones are masked: the trail outlives the erasure of a
    person. Raises `DatabaseError`."""
    await runner.execute(
        "INSERT INTO audit_log (who, what, object, ip) VALUES (%s, %s, %s, %s)", [who, what, _masked(of), ip]
    )


async def listed(runner: Runner, *, before: int | None, limit: int) -> Sequence[Entry]:
    """The latest first; `before`: only those older than that id. Raises `DatabaseError`."""
    return [Entry(**row) for row in await runner.fetch(_LIST, {"before": before, "limit": limit})]


def _masked(text: str) -> str:
    clean = mask_text(text.replace("\0", ""))
    return mask_phone(clean) if clean.lstrip("+").isdigit() else clean
