"""The console: what the shop's people look at and change, as pages made here. Without scripts only what
moves stands still.

Before: `engine.web.app`. After: the API's `Backend`, `engine.records`, `engine.knowledge`. Pages are made in threads:
the loop is that of the media clock. What moves on a page is asked for again every second or two, a fragment at a time:
nobody who watches a call is owed anything by the process that holds it, and it may be another one.
"""

from engine.web.console.app import PREFIX, create_console

__all__ = ["PREFIX", "create_console"]
