"""The API as an application of its own, mounted under `/api/v1`; its description needs a log-in like all of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import trio
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.web.api.answers import as_is
from engine.web.api.articles import article_routes
from engine.web.api.backend import Backend
from engine.web.api.callbacks import callback_routes
from engine.web.api.calls import call_routes
from engine.web.api.customers import customer_routes
from engine.web.api.jobs import job_routes
from engine.web.api.live import live_routes
from engine.web.api.prompts import prompt_routes
from engine.web.api.session import session_routes
from engine.web.api.stats import stats_routes
from engine.web.api.system import system_routes
from engine.web.problems import answer_with_problems

PREFIX: Final = "/api/v1"
_ROUTES: Final = (
    session_routes, call_routes, live_routes, stats_routes, article_routes, prompt_routes, callback_routes,
    customer_routes, job_routes, system_routes,
)  # fmt: skip
_PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
"""RFC 9457; `errors`: one for each wrong field."""


def create_api(backend: Backend) -> FastAPI:
    """To be mounted under `PREFIX`."""
    problem = {"description": "A problem document.", "content": {"application/problem+json": {"schema": _PROBLEM}}}
    api = FastAPI(
        title="callctl", version="1", docs_url=None, redoc_url=None, openapi_url=None, root_path_in_servers=False,
        servers=[{"url": PREFIX}], responses={"4XX": problem, "5XX": problem},
    )  # fmt: skip
    answer_with_problems(api)
    for routes in _ROUTES:
        api.include_router(routes(backend))
    viewer = backend.guard.requires(Role.VIEWER)

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request, _who: Annotated[Identity, Depends(viewer)]) -> Response:
        return await as_is(request, await trio.to_thread.run_sync(describe, api))

    return api


def describe(api: FastAPI) -> dict[str, Any]:
    """With the two ways to be known."""
    description = api.openapi()
    description.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "callctl_session"},
    }
    return description | {"security": [{"key": []}, {"session": []}]}
