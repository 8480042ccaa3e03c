"""The one error of the embedded servers."""

from engine.errors import EngineError


class EmbeddedServerError(EngineError):
    """An embedded server could not be installed, started or reached; the message holds the end of its log."""
