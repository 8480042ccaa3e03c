"""Who may do what, as commands see it: roles as people type them, and the trail of what they look at or change."""

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cli.errors import fail

if TYPE_CHECKING:
    from engine.access.identity import Role
    from engine.database import Database


_LONGEST: Final = 100


def role_of(text: str) -> "Role":
    """Anything that is no role ends the command with one line."""
    from engine.access.identity import Role

    try:
        return Role(text)
    except ValueError:
        fail(f"--role {text}: give one of {', '.join(Role)}")


def name_of(text: str, whose: str) -> str:
    """Of a user or a key; what is none ends the command with one line."""
    clean = text.strip()
    if not clean or len(clean) > _LONGEST or not clean.isprintable():
        fail(f"{whose} name has 1 to {_LONGEST} characters, and no line breaks")
    return clean


async def noted(database: "Database", what: str, of: str) -> None:
    """On the audit trail, under the account of the operating system; a container may have none of a name."""
    from engine.access import audit

    account = os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
    await audit.note(database, f"command {account}", what, of)


def noting[T](
    what: str, of: str, work: "Callable[[Database], Awaitable[T]]", *, only_if: bool = True
) -> "Callable[[Database], Awaitable[T]]":
    """For `with_database`: first put on the audit trail, then done. `only_if`: False where nobody's data is shown."""

    async def noted_work(database: "Database") -> T:
        if only_if:
            await noted(database, what, of)
        return await work(database)

    return noted_work
