"""Logging in: by name and password, or by a one-time link with which the password is set.

Whatever is wrong with name or password is one answer, and takes as long: nobody learns which users there are.
"""

from dataclasses import dataclass

from engine.access import attempts, audit, links, sessions
from engine.access.passwords import Passwords, weakness
from engine.access.users import User, find
from engine.database import Runner
from engine.log import get_logger

log = get_logger("access")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`token`: of the session."""

    user: User
    token: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The name or the password, or the link; `mend`: what is wrong with a new password."""

    mend: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many attempts: after so many seconds the next."""

    seconds: int


async def log_in(runner: Runner, passwords: Passwords, name: str, password: str, ip: str) -> LoggedIn | Wrong | Wait:
    """Raises `DatabaseError`, `TooBusy`."""
    if (seconds := await attempts.count(runner, ip, name)) is not None:
        log.warning("login_throttled", ip=ip)
        return Wait(seconds)
    user = await find(runner, name)
    known = user.password_hash if user is not None and user.disabled_at is None else None
    if not await passwords.verify(known, password) or user is None:
        await audit.note(runner, "nobody", "session.refused", ip=ip)
        return Wrong()
    await attempts.forgive(runner, ip, name)
    return await _begin(runner, user, ip)


async def set_password(
    runner: Runner, passwords: Passwords, token: str, password: str, ip: str
) -> LoggedIn | Wrong | Wait:
    """By a one-time link. Raises `DatabaseError`, `TooBusy`."""
    if (seconds := await attempts.count(runner, ip)) is not None:
        return Wait(seconds)
    user = await links.whose(runner, token)
    if user is None:
        return Wrong()
    if (mend := weakness(password, user.name)) is not None:
        return Wrong(mend)
    if not await links.redeem(runner, token, await passwords.hash(password)):
        return Wrong()
    await audit.note(runner, f"user {user.name}", "password.set", ip=ip)
    return await _begin(runner, user, ip)


async def _begin(runner: Runner, user: User, ip: str) -> LoggedIn:
    token = await sessions.begin(runner, user, ip)
    await audit.note(runner, f"user {user.name}", "session.begin", ip=ip)
    return LoggedIn(user, token)
