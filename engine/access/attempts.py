"""How often somebody may try to log in, in a quarter of an hour: so often from one address, into one account from there
rather less, and into one account from everywhere so often that few can keep its owner out, and nobody guesses.

Counted in the database, so that it holds for all engines together, and before the password is looked at.
"""

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

from engine.access.tokens import digest
from engine.database import Runner, Statements

WINDOW: Final = timedelta(minutes=15)
type Kind = Literal["address", "pair", "account"]
LIMITS: Final[Mapping[Kind, int]] = {"address": 20, "pair": 10, "account": 1000}
"""`pair`: into one account from one address."""
_ONE_NETWORK: Final = 64
"""Bits of an IPv6 address that are somebody's own: the rest he chooses anew for each attempt."""
_COUNT: Final = """
    INSERT INTO login_attempts AS known (subject, attempts, forgotten_at) VALUES (%(subject)s, 1, now() + %(window)s)
    ON CONFLICT (subject) DO UPDATE SET
        attempts = CASE WHEN known.forgotten_at < now() THEN 1 ELSE known.attempts + 1 END,
        forgotten_at = CASE WHEN known.forgotten_at < now() THEN excluded.forgotten_at ELSE known.forgotten_at END
    RETURNING attempts, ceil(extract(epoch FROM known.forgotten_at - now()))::integer AS seconds"""


async def count(runner: Runner, address: str, account: str | None = None) -> int | None:
    """Count an attempt. None: it may be made; else after how many seconds one may. An address that has had its share
    counts against no account: alone it locks nobody out. Raises `DatabaseError`."""
    origin = _origin(address)
    subjects: list[tuple[Kind, str]] = [("address", origin)]
    if account is not None:
        subjects += [("pair", _pair(origin, account)), ("account", account)]

    def work(statements: Statements) -> int | None:
        statements.execute("DELETE FROM login_attempts WHERE forgotten_at < now() - interval '1 day'")
        for kind, subject in subjects:
            [row] = statements.fetch(_COUNT, {"subject": _subject(kind, subject), "window": WINDOW})
            if row["attempts"] > LIMITS[kind]:
                return int(row["seconds"])
        return None

    return await runner.transaction(work)


async def forgive(runner: Runner, address: str, account: str) -> None:
    """Somebody has logged in: what was counted against the account is forgotten, against his address it is not."""
    subjects = [_subject("pair", _pair(_origin(address), account)), _subject("account", account)]
    await runner.execute("DELETE FROM login_attempts WHERE subject = ANY(%s)", [subjects])


def _origin(address: str) -> str:
    """Whose it is: of IPv6 the network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), _ONE_NETWORK), strict=False))


def _pair(origin: str, account: str) -> str:
    return f"{origin} {account}"


def _subject(kind: Kind, value: str) -> bytes:
    """Hashed: in place of a name people now and then type their password."""
    return digest(f"{kind} {value.lower()}")
