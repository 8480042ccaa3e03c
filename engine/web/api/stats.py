"""What calls came to: day by day as they were counted, or a stretch counted now."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.records.summary import days, summary
from engine.web.api.answers import as_is
from engine.web.api.backend import Backend
from engine.web.api.parameters import FirstDay, LastDay, moments, stretch


class CountedDay(BaseModel):
    day: date
    stats: dict[str, Any]
    """As `callctl stats daily --json` has them."""
    computed_at: AwareDatetime


class Days(BaseModel):
    days: list[CountedDay]


class Summary(BaseModel):
    calls: int
    open: int
    resolved_by_bot: int
    transferred: int
    seconds_mean: float | None
    quality_mean: float | None
    evaluated: int
    cost: float
    currency: str
    answer_ms: dict[str, float | None]
    """From the end of the caller's speech to the answer's first audio: p50, p95."""
    outcomes: dict[str, int]
    scenarios: dict[str, int]


def stats_routes(backend: Backend) -> APIRouter:
    """`/stats`."""
    routes = APIRouter(tags=["statistics"])
    viewer = backend.guard.requires(Role.VIEWER)
    zone = backend.config.call.timezone

    @routes.get("/stats/daily", response_model=Days)
    async def daily(
        request: Request, _who: Annotated[Identity, Depends(viewer)], first: FirstDay = None, last: LastDay = None
    ) -> Response:
        """Each day that has been counted: the last one is yesterday."""
        found = await days(backend.database, *stretch(first, last, zone))
        return await as_is(request, {"days": found})

    @routes.get("/stats/summary", response_model=Summary)
    async def summed(
        request: Request, _who: Annotated[Identity, Depends(viewer)], first: FirstDay = None, last: LastDay = None
    ) -> Response:
        """The days together, counted now, with today."""
        found = await summary(backend.database, *moments(*stretch(first, last, zone), zone))
        return await as_is(request, found | {"currency": backend.config.cost.currency})

    return routes
