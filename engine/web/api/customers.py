"""Callers: who they are, all that is kept of one, and its end."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.call.erasing import erase_everywhere
from engine.errors import ErasureRefused
from engine.records.cursors import page_of
from engine.records.customers import CURSOR_VALUES, cursor, export, listed, load
from engine.web.api.answers import encoded, missing, whole
from engine.web.api.backend import Backend
from engine.web.api.parameters import After, Limit, Phone, after_values, number_of
from engine.web.problems import Problem


class Customer(BaseModel):
    phone: str
    name: str | None
    city: str | None
    vehicle: str | None
    address: str | None
    calls: int
    first_call_at: AwareDatetime | None
    last_call_at: AwareDatetime | None


class Customers(BaseModel):
    customers: list[Customer]
    next: str | None
    """To be given as `after` for the next page."""


class Known(BaseModel):
    customer: dict[str, Any]
    calls: list[dict[str, Any]]
    store_actions: list[dict[str, Any]]
    callback_requests: list[dict[str, Any]]


class Erased(BaseModel):
    erased: list[dict[str, Any]]
    """`table`, `what` was done, to how many `rows`."""


def customer_routes(backend: Backend) -> APIRouter:
    """`/customers`. For those only who may see people."""
    routes = APIRouter(tags=["customers"])
    lists = backend.guard.requires(Role.SUPERVISOR, "customers.list")
    reads = backend.guard.requires(Role.SUPERVISOR, "customers.read")
    exports = backend.guard.requires(Role.SUPERVISOR, "customers.export")
    erases = backend.guard.requires(Role.ADMIN, "customers.erase")

    @routes.get("/customers", response_model=Customers)
    async def every(
        request: Request, who: Annotated[Identity, Depends(lists)], after: After = None, limit: Limit = 50
    ) -> Response:
        """Who called last first."""
        found = await listed(backend.database, limit + 1, after_values(after, CURSOR_VALUES))
        customers, following = page_of(found, limit, cursor)
        return await whole(request, who, {"customers": customers, "next": following})

    @routes.get("/customers/{phone}", response_model=Known)
    async def one(request: Request, who: Annotated[Identity, Depends(reads)], phone: Phone) -> Response:
        """Who he is, which calls he made, what he ordered."""
        known = await load(backend.database, number_of(phone))
        if known is None:
            raise missing("caller")
        return await whole(request, who, known)

    @routes.get("/customers/{phone}/export", response_model=Known)
    async def all_of_one(request: Request, who: Annotated[Identity, Depends(exports)], phone: Phone) -> Response:
        """All that is kept of him, with every word, for him to have."""
        everything = await export(backend.database, number_of(phone))
        if everything is None:
            raise missing("caller")
        return await whole(request, who, everything)

    @routes.delete("/customers/{phone}", response_model=Erased)
    async def erase(_who: Annotated[Identity, Depends(erases)], phone: Phone) -> Response:
        """Erase him everywhere; it cannot be undone. Reads every text there is, which may take minutes."""
        try:
            done = await erase_everywhere(backend.database, backend.config, number_of(phone))
        except ErasureRefused as error:
            raise Problem(HTTPStatus.CONFLICT, "He is on the line, or records wait on disk: try later.") from error
        body = [{"table": each.table, "what": each.what, "rows": each.rows} for each in done]
        return Response(encoded({"erased": body}), media_type="application/json")

    return routes
