"""Callers who wait to be called back."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.records.callbacks import CURSOR_VALUES, cursor, find, listed, mark_done
from engine.records.cursors import page_of
from engine.web.api.answers import missing, whole
from engine.web.api.backend import Backend
from engine.web.api.parameters import After, Limit, Line, after_values
from engine.web.problems import Problem


class Callback(BaseModel):
    id: UUID
    created_at: AwareDatetime
    phone: str | None
    name: str | None
    preferred_time: str | None
    """In the caller's own words."""
    note: str | None
    call_id: UUID
    done_at: AwareDatetime | None
    done_by: str | None
    result: str | None


class Callbacks(BaseModel):
    callbacks: list[Callback]
    next: str | None
    """To be given as `after` for the next page."""


class Done(BaseModel):
    result: Line | None = None
    """What came of it."""


def callback_routes(backend: Backend) -> APIRouter:
    """`/callbacks`."""
    routes = APIRouter(tags=["callbacks"])
    lists = backend.guard.requires(Role.VIEWER, "callbacks.list")
    ticks = backend.guard.requires(Role.SUPERVISOR, "callbacks.done")

    @routes.get("/callbacks", response_model=Callbacks)
    async def waiting(
        request: Request, who: Annotated[Identity, Depends(lists)], after: After = None, limit: Limit = 50,
        everyone: Annotated[bool, Query(alias="all", description="Also those who have been called.")] = False,
    ) -> Response:  # fmt: skip
        """The longest waiting first."""
        begin = after_values(after, CURSOR_VALUES)
        found = await listed(backend.database, everything=everyone, limit=limit + 1, after=begin)
        callbacks, following = page_of(found, limit, cursor)
        return await whole(request, who, {"callbacks": callbacks, "next": following})

    @routes.post("/callbacks/{callback_id}/done", status_code=HTTPStatus.NO_CONTENT)
    async def done(who: Annotated[Identity, Depends(ticks)], callback_id: UUID, given: Done) -> Response:
        """He has been called."""
        if await mark_done(backend.database, callback_id, who.name, given.result):
            return Response(status_code=HTTPStatus.NO_CONTENT)
        if await find(backend.database, callback_id) is None:
            raise missing("call-back")
        raise Problem(HTTPStatus.CONFLICT, "Somebody has called him already.")

    return routes
