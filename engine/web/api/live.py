"""Calls in progress: which there are, what is said in them, and their end."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.web.api.answers import missing, whole
from engine.web.api.backend import Backend, Live
from engine.web.problems import Problem


class LiveCalls(BaseModel):
    calls: list[dict[str, Any]]
    """Each with `id`, and what its session says: `state`, `turn`, `cost`, `history`."""


def live_routes(backend: Backend) -> APIRouter:
    """`/live`."""
    routes = APIRouter(tags=["live"])
    reads = backend.guard.requires(Role.VIEWER, "live.read")
    ends = backend.guard.requires(Role.SUPERVISOR, "live.hang_up")

    @routes.get("/live", response_model=LiveCalls)
    async def listed(request: Request, who: Annotated[Identity, Depends(reads)]) -> Response:
        """All of them, of every engine."""
        return await whole(request, who, {"calls": await _open(backend).listed()})

    @routes.delete("/live/{call_id}", status_code=HTTPStatus.ACCEPTED)
    async def hang_up(_who: Annotated[Identity, Depends(ends)], call_id: UUID) -> Response:
        """End it: the bot falls silent and the line is hung up, within a second or two."""
        if not await _open(backend).hang_up(call_id):
            raise missing("call in progress")
        return Response(status_code=HTTPStatus.ACCEPTED)

    return routes


def _open(backend: Backend) -> Live:
    if backend.live is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The engine is starting.", headers={"Retry-After": "2"})
    return backend.live
