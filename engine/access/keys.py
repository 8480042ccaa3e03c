"""Keys for programs: `callctl_<prefix>_<secret>`, shown once."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.access.identity import Identity, Role
from engine.access.tokens import digest, new_token
from engine.database import Row, Runner, Statements

_BEGINNING: Final = "callctl"
_COLUMNS: Final = "id, name, prefix, role, created_at, expires_at, revoked_at, used_at"
_VALID: Final = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
_WHOSE: Final = f"""
    SELECT id, prefix, role, coalesce(used_at < now() - interval '1 minute', true) AS is_old
    FROM api_keys WHERE token_hash = %s AND {_VALID}"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`name`: what it is for. `prefix`: its beginning, by which people know it. `expires_at` None: never."""

    id: UUID
    name: str
    prefix: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None

    def state(self, now: datetime) -> str:
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


async def issue(runner: Runner, name: str, role: Role, expires_at: datetime | None) -> str:
    """A new key, in full. Raises `DatabaseError`, as all of these."""
    prefix = secrets.token_hex(4)
    key = f"{_BEGINNING}_{prefix}_{new_token()}"
    await runner.execute(
        "INSERT INTO api_keys (name, prefix, token_hash, role, expires_at) VALUES (%s, %s, %s, %s, %s)",
        [name, prefix, digest(key), role, expires_at],
    )
    return key


async def identify(runner: Runner, key: str) -> Identity | None:
    """Which key it is; None where it is unknown, revoked or expired."""
    hashed = digest(key)

    def work(statements: Statements) -> Identity | None:
        rows = statements.fetch(_WHOSE, [hashed])
        if not rows:
            return None
        if rows[0]["is_old"]:
            statements.execute("UPDATE api_keys SET used_at = now() WHERE token_hash = %s", [hashed])
        return Identity("key", rows[0]["id"], rows[0]["prefix"], Role(rows[0]["role"]))

    return await runner.run(work)


async def listed(runner: Runner) -> list[ApiKey]:
    """The newest first."""
    return [_key(row) for row in await runner.fetch(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at DESC")]


async def revoke(runner: Runner, prefix: str) -> bool:
    """Takes effect at once. False: there is none of that prefix, or it was revoked before."""
    query = "UPDATE api_keys SET revoked_at = now() WHERE prefix = %s AND revoked_at IS NULL"
    return await runner.execute(query, [prefix]) == 1


def _key(row: Row) -> ApiKey:
    return ApiKey(**row | {"role": Role(row["role"])})
