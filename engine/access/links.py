"""One-time links, by which a user sets a password: nobody else ever knows it, and none is there by default."""

from datetime import timedelta
from typing import Final

from engine.access.tokens import digest, new_token
from engine.access.users import User, find
from engine.database import Runner, Statements

LIFETIME: Final = timedelta(hours=24)
FIRST_LIFETIME: Final = timedelta(hours=1)
PATH: Final = "/console/first"
_OPEN: Final = """
    SELECT name FROM access_links JOIN users ON users.id = user_id
    WHERE token_hash = %s AND expires_at > now() AND disabled_at IS NULL"""


def url(base: str, token: str) -> str:
    """What a person opens. `base`: where the console is reached."""
    return f"{base.rstrip('/')}{PATH}?token={token}"


async def issue(runner: Runner, user: User, lifetime: timedelta = LIFETIME) -> str:
    """A token; those issued to the user before are void. Raises `DatabaseError`, as all of these."""
    token = new_token()

    def work(statements: Statements) -> None:
        statements.execute("DELETE FROM access_links WHERE user_id = %s OR expires_at < now()", [user.id])
        statements.execute(
            "INSERT INTO access_links (token_hash, user_id, expires_at) VALUES (%s, %s, now() + %s)",
            [digest(token), user.id, lifetime],
        )

    await runner.transaction(work)
    return token


async def whose(runner: Runner, token: str) -> User | None:
    """None where the link is unknown, used or too old."""
    rows = await runner.fetch(_OPEN, [digest(token)])
    return await find(runner, rows[0]["name"]) if rows else None


async def redeem(runner: Runner, token: str, password_hash: str) -> bool:
    """Set the password of the link's user, and end all that was open for him: links and sessions. False: somebody was
    quicker, or it is too old."""

    def work(statements: Statements) -> bool:
        rows = statements.fetch(
            "DELETE FROM access_links WHERE token_hash = %s AND expires_at > now() RETURNING user_id", [digest(token)]
        )
        if not rows:
            return False
        user = [rows[0]["user_id"]]
        statements.execute("DELETE FROM access_links WHERE user_id = %s", user)
        statements.execute("DELETE FROM user_sessions WHERE user_id = %s", user)
        changed = statements.execute(
            "UPDATE users SET password_hash = %s WHERE id = %s AND disabled_at IS NULL", [password_hash, *user]
        )
        return changed == 1

    return await runner.transaction(work)
