"""Calls on record: a page of them, or one with all that was said and done."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.records.call_pages import Looked, page, parse_cursor, words_query
from engine.records.calls import load
from engine.web.api.answers import encoded, missing, row_seen_by, whole
from engine.web.api.backend import Backend
from engine.web.api.parameters import After, Begins, Ends, Limit, Word, number_of
from engine.web.problems import Problem

Score = Annotated[float | None, Query(ge=0, le=1)]
Version = Annotated[str | None, Query(pattern=r"^[0-9a-f]{12}$")]


class Call(BaseModel):
    id: UUID
    started_at: AwareDatetime
    seconds: float | None
    caller: str | None
    outcome: str | None
    """None: in progress."""
    scenario: str | None
    language: str | None
    transfer_reason: str | None
    prompt_version: str | None
    quality_score: float | None
    cost_total: float | None


class CallPage(BaseModel):
    calls: list[Call]
    next: str | None
    """To be given as `after` for the next page."""


class WholeCall(Call):
    seconds: float | None = None
    ended_at: AwareDatetime | None
    turns: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    events: list[dict[str, Any]]
    """Among them one `waterfall` an answer."""
    model_requests: list[dict[str, Any]]
    quality: dict[str, Any] | None
    cost: dict[str, Any] | None


def call_routes(backend: Backend) -> APIRouter:
    """`/calls`."""
    routes = APIRouter(tags=["calls"])
    lists = backend.guard.requires(Role.VIEWER, "calls.list")
    reads = backend.guard.requires(Role.VIEWER, "calls.read")

    @routes.get("/calls", response_model=CallPage)
    async def listed(
        who: Annotated[Identity, Depends(lists)], begins: Begins = None, ends: Ends = None, outcome: Word = None,
        scenario: Word = None, prompt_version: Version = None, min_score: Score = None, max_score: Score = None,
        caller: Annotated[str | None, Query(max_length=40, description="His number. Needs `supervisor`.")] = None,
        search: Annotated[
            str | None, Query(max_length=200, description="Beginnings of words that were said. Needs `supervisor`.")
        ] = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:  # fmt: skip
        """Calls, the latest first."""
        if (caller or search) and not who.sees_people:
            raise Problem(HTTPStatus.FORBIDDEN, "caller, search: this needs the role supervisor.")
        begin = parse_cursor(after) if after else None
        if after and begin is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "after: give `next` of the page before.")
        looked = Looked(
            begins, ends, outcome, scenario, number_of(caller) if caller else None, prompt_version, min_score,
            max_score, words_query(search or ""),
        )  # fmt: skip
        found = await page(backend.database, looked, begin, limit)
        calls = [row_seen_by(who, row) for row in found.calls]
        body = {"calls": calls, "next": None if found.after is None else str(found.after)}
        return Response(encoded(body), media_type="application/json")

    @routes.get("/calls/{call_id}", response_model=WholeCall)
    async def one(request: Request, who: Annotated[Identity, Depends(reads)], call_id: UUID) -> Response:
        """One call: transcript, tool calls, waterfalls, quality, cost."""
        call = await load(backend.database, call_id)
        if call is None:
            raise missing("call")
        return await whole(request, who, call)

    return routes
