"""Callers who wait to be called back."""

from typing import Final

from starlette.responses import Response

from engine.access.identity import Role
from engine.records.callbacks import listed, mark_done
from engine.web.console.visit import PREFIX, Entry, Visit

_MOST: Final = 200
_LONGEST: Final = 200


async def waiting(visit: Visit) -> Response:
    everyone = visit.request.query_params.get("all") == "1"
    found = await listed(visit.backend.database, everything=everyone, limit=_MOST)
    masked = await visit.masked({"callbacks": found})
    return await visit.page("callbacks.html", callbacks=masked["callbacks"], everyone=everyone)


async def done(visit: Visit) -> Response:
    """By somebody else meanwhile is as well."""
    result = visit.form.get("result", "").strip()[:_LONGEST] or None
    told = await mark_done(visit.backend.database, visit.request.path_params["callback"], visit.identity.name, result)
    return visit.go(f"{PREFIX}/callbacks", "callbacks.done" if told else "callbacks.before")


ENTRIES: Final = (
    Entry("/callbacks", waiting, what="callbacks.list"),
    Entry("/callbacks/{callback:uuid}", done, Role.SUPERVISOR, "callbacks.done", "POST"),
)
