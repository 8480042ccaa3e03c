"""Sessions of users who have logged in: eight hours at most, half an hour idle, over at once when the user is disabled.

In PostgreSQL, not in Redis: what needs a log-in needs the database anyway.
"""

from datetime import timedelta
from typing import Final

from engine.access.identity import Identity, Role
from engine.access.tokens import digest, new_token
from engine.access.users import User
from engine.database import Runner, Statements

LIFETIME: Final = timedelta(hours=8)
IDLE: Final = timedelta(minutes=30)
_SEEN_EVERY: Final = timedelta(minutes=1)
"""So often it is written down that a session is used: not with every request."""
_WHOSE: Final = """
    SELECT users.id, name, role, seen_at < now() - %(seen_every)s AS is_old
    FROM user_sessions JOIN users ON users.id = user_id
    WHERE token_hash = %(hash)s AND expires_at > now() AND seen_at > now() - %(idle)s AND disabled_at IS NULL"""


async def begin(runner: Runner, user: User, ip: str) -> str:
    """The token of a new session. Raises `DatabaseError`, as all of these."""
    token = new_token()

    def work(statements: Statements) -> None:
        statements.execute("DELETE FROM user_sessions WHERE expires_at < now() OR seen_at < now() - %s", [IDLE])
        statements.execute(
            "INSERT INTO user_sessions (token_hash, user_id, ip, expires_at) VALUES (%s, %s, %s, now() + %s)",
            [digest(token), user.id, ip, LIFETIME],
        )

    await runner.transaction(work)
    return token


async def identify(runner: Runner, token: str) -> Identity | None:
    """Whose session it is, with the role he has now; None where it is over."""
    hashed = digest(token)

    def work(statements: Statements) -> Identity | None:
        rows = statements.fetch(_WHOSE, {"hash": hashed, "idle": IDLE, "seen_every": _SEEN_EVERY})
        if not rows:
            return None
        if rows[0]["is_old"]:
            statements.execute("UPDATE user_sessions SET seen_at = now() WHERE token_hash = %s", [hashed])
        return Identity("user", rows[0]["id"], rows[0]["name"], Role(rows[0]["role"]))

    return await runner.run(work)


async def end(runner: Runner, token: str) -> None:
    await runner.execute("DELETE FROM user_sessions WHERE token_hash = %s", [digest(token)])
