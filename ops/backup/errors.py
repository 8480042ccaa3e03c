"""The one error of back-ups."""

from engine.errors import EngineError


class BackupError(EngineError):
    """A back-up could not be made, found, trusted or restored; the message says which and what to do."""
