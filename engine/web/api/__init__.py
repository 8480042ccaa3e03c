"""The REST API under `/api/v1`: what is on record, what is going on, and what may be changed. One router a file.

Before: `engine.web.app`. After: `engine.records`, `engine.knowledge`, `engine.access`. Serves on the same loop as the
media clock: a page has 200 rows at most, and what takes longer than a moment is done in a thread.
"""

from engine.web.api.app import PREFIX, create_api, describe
from engine.web.api.backend import Backend

__all__ = ["PREFIX", "Backend", "create_api", "describe"]
