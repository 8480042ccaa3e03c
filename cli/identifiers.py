"""Identifiers as people type them on a command line."""

from uuid import UUID

from cli.errors import fail


def uuid_of(text: str, kind: str = "call") -> UUID:
    """The UUID of a call, or of another thing that a command group lists; anything else ends the command with one
    line."""
    try:
        return UUID(text)
    except ValueError:
        fail(f"{text} is no {kind}'s id: callctl {kind}s list shows them")
