"""Identifiers of calls as people type them on a command line."""

from uuid import UUID

from cli.errors import fail


def uuid_of(text: str) -> UUID:
    """A call's UUID; anything else ends the command with one line."""
    try:
        return UUID(text)
    except ValueError:
        fail(f"{text} is no call's id: callctl calls list shows them")
