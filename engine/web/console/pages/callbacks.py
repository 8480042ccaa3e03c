"""Callers who wait to be called back."""

from typing import Final

from starlette.responses import Response

from engine.access.identity import Role
from engine.records.callbacks import CURSOR_VALUES, cursor, listed, mark_done
from engine.records.cursors import page_of, values_of
from engine.web.console.visit import PREFIX, Entry, Visit

_PAGE: Final = 50
_LONGEST: Final = 200


async def waiting(visit: Visit) -> Response:
    everyone = visit.request.query_params.get("all") == "1"
    after = values_of(visit.request.query_params.get("after", "")[:_LONGEST], CURSOR_VALUES)
    found = await listed(visit.backend.database, everything=everyone, limit=_PAGE + 1, after=after)
    callbacks, following = page_of(found, _PAGE, cursor)
    masked = await visit.masked({"callbacks": callbacks})
    return await visit.page("callbacks.html", callbacks=masked["callbacks"], everyone=everyone, after=following)


async def done(visit: Visit) -> Response:
    """By somebody else meanwhile is as well."""
    result = visit.form.get("result", "").strip()[:_LONGEST] or None
    told = await mark_done(visit.backend.database, visit.request.path_params["callback"], visit.identity.name, result)
    return visit.go(f"{PREFIX}/callbacks", "callback_done" if told else "callback_done_before")


ENTRIES: Final = (
    Entry("/callbacks", waiting, what="callbacks.list"),
    Entry("/callbacks/{callback:uuid}", done, Role.SUPERVISOR, "callbacks.done", "POST"),
)
