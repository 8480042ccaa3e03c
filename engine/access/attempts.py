"""How often somebody may try to log in: so often from one address, so often into one account, in a quarter of an hour.

Counted in the database, so that it holds for all engines together, and before the password is looked at.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from engine.access.tokens import digest
from engine.database import Runner, Statements

WINDOW: Final = timedelta(minutes=15)
type Kind = Literal["address", "account"]
LIMITS: Final[Mapping[Kind, int]] = {"address": 20, "account": 10}
_COUNT: Final = """
    INSERT INTO login_attempts AS known (subject, attempts, forgotten_at) VALUES (%(subject)s, 1, now() + %(window)s)
    ON CONFLICT (subject) DO UPDATE SET
        attempts = CASE WHEN known.forgotten_at < now() THEN 1 ELSE known.attempts + 1 END,
        forgotten_at = CASE WHEN known.forgotten_at < now() THEN excluded.forgotten_at ELSE known.forgotten_at END
    RETURNING attempts, ceil(extract(epoch FROM known.forgotten_at - now()))::integer AS seconds"""


async def count(runner: Runner, address: str, account: str | None = None) -> int | None:
    """Count an attempt. None: it may be made; else after how many seconds one may. An address that has had its share
    counts against no account: it could lock everybody out. Raises `DatabaseError`."""
    subjects: list[tuple[Kind, str]] = [("address", address)]
    if account is not None:
        subjects.append(("account", account))

    def work(statements: Statements) -> int | None:
        statements.execute("DELETE FROM login_attempts WHERE forgotten_at < now() - interval '1 day'")
        for kind, subject in subjects:
            [row] = statements.fetch(_COUNT, {"subject": _subject(kind, subject), "window": WINDOW})
            if row["attempts"] > LIMITS[kind]:
                return int(row["seconds"])
        return None

    return await runner.transaction(work)


async def forgive(runner: Runner, account: str) -> None:
    """Somebody has logged in: what was counted against the account is forgotten, against his address it is not."""
    await runner.execute("DELETE FROM login_attempts WHERE subject = %s", [_subject("account", account)])


def _subject(kind: Kind, value: str) -> bytes:
    """Hashed: in place of a name people now and then type their password."""
    return digest(f"{kind} {value.lower()}")
