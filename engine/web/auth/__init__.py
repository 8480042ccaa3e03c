"""Who may ask what over HTTP: log-in, sessions in cookies, keys, roles; and what every answer carries for safety.

Before: the routes of the API and the console. After: `engine.access`.
"""

from engine.web.auth.guard import Guard
from engine.web.auth.protection import protect

__all__ = ["Guard", "protect"]
