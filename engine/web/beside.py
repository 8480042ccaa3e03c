"""What goes on in an engine beside its API: the way in for the first administrator, calls ended from elsewhere, vectors
of edited articles.

Before: `server`, once the parts are open. After: the `Backend`, which from then on has them.
"""

import sys
from collections.abc import Callable
from typing import Final

import trio

from engine.access import links
from engine.access.first_admin import NAME, first_link
from engine.call.live import LiveCalls
from engine.call.session import SessionStore
from engine.database import Database
from engine.errors import DatabaseError
from engine.knowledge.embeddings.catching_up import CatchingUp
from engine.knowledge.search import Knowledge
from engine.log import get_logger
from engine.web.api import Backend
from engine.web.auth.site import Site
from engine.web.live_calls import LiveDesk

log = get_logger("web")

_RETRY_SECONDS: Final = 5.0

type Announce = Callable[[str], None]


def on_stderr(line: str) -> None:
    """Not to the log, which has no secrets in it, and is kept."""
    print(line, file=sys.stderr, flush=True)


async def run_beside(
    backend: Backend, port: int, calls: LiveCalls, sessions: SessionStore, knowledge: Knowledge,
    announce: Announce = on_stderr,
) -> None:  # fmt: skip
    """Until cancelled; without a database there is nothing to do. `port`: the one that HTTP is served on."""
    backend.knowledge = knowledge
    if not backend.guard.has_database:
        return
    live = LiveDesk(calls, sessions, backend.database)
    vectors = CatchingUp(backend.config, backend.database)
    backend.live, backend.articles_changed = live, vectors.request
    site = Site(backend.config.http.model_copy(update={"port": port}))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(live.run, name="live")
        nursery.start_soon(vectors.run, name="vectors")
        nursery.start_soon(_offer_first_link, backend.database, site, announce, name="first link")


async def _offer_first_link(database: Database, site: Site, announce: Announce) -> None:
    """Waits as long as the database is away."""
    while True:
        try:
            token = await first_link(database)
        except DatabaseError as error:
            log.warning("first_link_waits", error=str(error))
            await trio.sleep(_RETRY_SECONDS)
        else:
            break
    if token is not None:
        announce(f"Nobody can log in yet. To set the password of the user {NAME}, open within an hour, once:")
        announce(links.url(site.base, token))
