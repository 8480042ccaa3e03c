"""The way in after an installation: as long as nobody has a password, each start of an engine offers a link with which
to set the first administrator's. No password is there by default.
"""

from typing import Final

from engine.access import links, users
from engine.access.identity import Role
from engine.database import Database
from engine.database.lock import try_lock
from engine.log import get_logger

log = get_logger("access")

NAME: Final = "admin"
_JUST_NOW: Final = "SELECT EXISTS (SELECT FROM access_links WHERE issued_at > now() - interval '1 minute') AS just_now"


async def first_link(database: Database) -> str | None:
    """The token of a link; None where somebody can log in, or another process has just offered one. Raises
    `DatabaseError`."""
    if not await users.nobody_can_log_in(database):
        return None
    async with try_lock(database, "first admin") as lock:
        if lock is None or (await lock.fetch(_JUST_NOW))[0]["just_now"]:
            return None
        admin = await users.find(lock, NAME) or await users.add(lock, NAME, Role.ADMIN)
        if admin is None or admin.disabled_at is not None or not admin.role.allows(Role.ADMIN):
            return None
        log.info("first_admin_link", user=NAME, valid_for=str(links.FIRST_LIFETIME))
        return await links.issue(lock, admin, links.FIRST_LIFETIME)
