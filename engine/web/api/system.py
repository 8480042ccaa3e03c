"""How the installation is: partitions, settings, and who looked at what."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from engine.access import audit
from engine.access.identity import Identity, Role
from engine.config.shown import rows
from engine.records.partitions import coverages
from engine.web.api.answers import encoded
from engine.web.api.backend import Backend
from engine.web.api.parameters import Before, Limit


class Coverage(BaseModel):
    table: str
    reaches: AwareDatetime
    days_ahead: float
    missing: list[str]
    """Months among the present and the next."""


class Partitions(BaseModel):
    tables: list[Coverage]


class Setting(BaseModel):
    variable: str
    value: Any
    is_set: bool


class Settings(BaseModel):
    settings: list[Setting]
    """Secrets masked."""


class Entry(BaseModel):
    id: int
    at: AwareDatetime
    who: str
    what: str
    object: str
    ip: str


class Trail(BaseModel):
    entries: list[Entry]


def system_routes(backend: Backend) -> APIRouter:
    """`/partitions`, `/config`, `/audit`."""
    routes = APIRouter(tags=["system"])
    viewer = backend.guard.requires(Role.VIEWER)
    admin = backend.guard.requires(Role.ADMIN)

    @routes.get("/partitions", response_model=Partitions)
    async def partitions(_who: Annotated[Identity, Depends(viewer)]) -> Response:
        """How far ahead the monthly partitions of each table reach."""
        found = [
            {"table": each.table, "reaches": each.reaches, "days_ahead": each.days_ahead,
             "missing": [str(month) for month in each.missing]}
            for each in await coverages(backend.database, datetime.now(UTC))
        ]  # fmt: skip
        return Response(encoded({"tables": found}), media_type="application/json")

    @routes.get("/config", response_model=Settings)
    async def config(_who: Annotated[Identity, Depends(admin)]) -> Response:
        """Every setting in force."""
        found = [{"variable": name, "value": value, "is_set": is_set} for name, value, is_set in rows(backend.config)]
        return Response(encoded({"settings": found}), media_type="application/json")

    @routes.get("/audit", response_model=Trail)
    async def trail(
        _who: Annotated[Identity, Depends(admin)], limit: Limit = 50,
        before: Before = None,
    ) -> Response:  # fmt: skip
        """Who looked at people's data and who changed what, the latest first."""
        found = await audit.listed(backend.database, before=before, limit=limit)
        return Response(encoded({"entries": [asdict(each) for each in found]}), media_type="application/json")

    return routes
