"""Users on record. Names are compared without regard to case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.access.identity import Role
from engine.database import Row, Runner, Statements
from engine.errors import DataRefused

_COLUMNS: Final = "id, name, role, password_hash, created_at, disabled_at"


@dataclass(frozen=True, slots=True)
class User:
    """`password_hash` None: not set yet."""

    id: UUID
    name: str
    role: Role
    password_hash: str | None
    created_at: datetime
    disabled_at: datetime | None

    @property
    def state(self) -> str:
        if self.disabled_at is not None:
            return "disabled"
        return "active" if self.password_hash else "invited"


async def add(runner: Runner, name: str, role: Role) -> User | None:
    """None: there is one of that name. Raises `DatabaseError`, as all of these."""
    try:
        rows = await runner.fetch(f"INSERT INTO users (name, role) VALUES (%s, %s) RETURNING {_COLUMNS}", [name, role])
    except DataRefused:
        return None
    return _user(rows[0])


async def find(runner: Runner, name: str) -> User | None:
    rows = await runner.fetch(f"SELECT {_COLUMNS} FROM users WHERE lower(name) = lower(%s)", [name])
    return _user(rows[0]) if rows else None


async def listed(runner: Runner) -> list[User]:
    """By name."""
    return [_user(row) for row in await runner.fetch(f"SELECT {_COLUMNS} FROM users ORDER BY lower(name)")]


async def nobody_can_log_in(runner: Runner) -> bool:
    """Whether no user has a password yet, as after an installation."""
    rows = await runner.fetch("SELECT NOT EXISTS (SELECT FROM users WHERE password_hash IS NOT NULL) AS nobody")
    return bool(rows[0]["nobody"])


async def set_disabled(runner: Runner, user_id: UUID, disabled: bool) -> None:
    """Takes effect at once: sessions and links of a disabled user are gone."""

    def work(statements: Statements) -> None:
        statements.execute(
            "UPDATE users SET disabled_at = CASE WHEN %s THEN coalesce(disabled_at, now()) END WHERE id = %s",
            [disabled, user_id],
        )
        if disabled:
            statements.execute("DELETE FROM user_sessions WHERE user_id = %s", [user_id])
            statements.execute("DELETE FROM access_links WHERE user_id = %s", [user_id])

    await runner.transaction(work)


def _user(row: Row) -> User:
    return User(**row | {"role": Role(row["role"])})
