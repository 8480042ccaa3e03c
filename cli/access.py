"""What the commands about users and keys have in common: roles as people type them, and the audit trail."""

import os
from typing import TYPE_CHECKING

from cli.errors import fail

if TYPE_CHECKING:
    from engine.access.identity import Role
    from engine.database import Database


def role_of(text: str) -> "Role":
    """Anything that is no role ends the command with one line."""
    from engine.access.identity import Role

    try:
        return Role(text)
    except ValueError:
        fail(f"--role {text}: give one of {', '.join(Role)}")


async def noted(database: "Database", what: str, of: str) -> None:
    """On the audit trail, under the account of the operating system; a container may have none of a name."""
    from engine.access import audit

    account = os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
    await audit.note(database, f"command {account}", what, of)
