"""The console as an application of its own, mounted under `/console`."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from engine.errors import DatabaseError, DataRefused
from engine.log import get_logger
from engine.web.api.backend import Backend
from engine.web.console.forms import CSRF_FIELD, read_form
from engine.web.console.languages import chosen, words
from engine.web.console.pages import callbacks, calls, jobs, knowledge, live, prompts, session, stats, system
from engine.web.console.visit import PREFIX, Entry, Pages, Parts, Visit
from engine.web.health import Readiness
from engine.web.problems import Problem

__all__ = ["PREFIX", "create_console"]

log = get_logger("web.console")

_ENTRIES: Final = (
    *session.ENTRIES, *live.ENTRIES, *calls.ENTRIES, *stats.ENTRIES, *knowledge.ENTRIES, *prompts.ENTRIES,
    *callbacks.ENTRIES, *jobs.ENTRIES, *system.ENTRIES,
)  # fmt: skip


class _Files(StaticFiles):
    """Ours, asked for again only an hour later."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "max-age=3600")
        return response


def create_console(backend: Backend, readiness: Readiness) -> Starlette:
    """To be mounted under `PREFIX`."""
    parts = Parts(backend, readiness, Pages())
    routes: list[BaseRoute] = [
        Route(entry.path, _endpoint(parts, entry), methods=[entry.method], name=f"{entry.method} {entry.path}")
        for entry in _ENTRIES
    ]
    routes.append(Mount("/static", _Files(directory=Path(__file__).parent / "static")))
    problems = _Problems(parts)
    return Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: problems.of_http, DatabaseError: problems.of_database, Exception: problems.of_ours,
        },
    )  # fmt: skip


def _endpoint(parts: Parts, entry: Entry) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        form, who, guard = {}, None, parts.backend.guard
        if entry.method == "POST":
            guard.refuse_foreign(request)
            form = dict(await read_form(request))
        try:
            if entry.role is not None:
                who = await guard.admit(request, entry.role, entry.what, csrf=form.get(CSRF_FIELD, ""))
        except Problem as problem:
            if entry.method != "POST" or problem.status_code != HTTPStatus.UNAUTHORIZED:
                raise
            return await session.ran_out(_visit(parts, request, form=form))
        return await entry.answer(_visit(parts, request, who=who, form=form))

    return answer


def _visit(parts: Parts, request: Request, **more: object) -> Visit:
    language = chosen(request.cookies.get(session.LANGUAGE_COOKIE), request.headers.get("Accept-Language", ""))
    return Visit(parts, request, words(language), **{"who": None, "form": {}, **more})  # type: ignore[arg-type]


class _Problems:
    """Every error as a page; who is not logged in is shown where to do it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def of_http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            return self._to_log_in(request)
        status = HTTPStatus(error.status_code)
        return await self._page(request, status, error.detail if status is HTTPStatus.SERVICE_UNAVAILABLE else "")

    async def of_database(self, request: Request, error: Exception) -> Response:
        if isinstance(error, DataRefused):
            return await self._page(request, HTTPStatus.UNPROCESSABLE_ENTITY)
        log.warning("console_without_database", error=str(error))
        return await self._page(request, HTTPStatus.SERVICE_UNAVAILABLE)

    async def of_ours(self, request: Request, _error: Exception) -> Response:
        """A bug: logged by the server with its traceback, and no business of whoever asked."""
        return await self._page(request, HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _page(self, request: Request, status: HTTPStatus, detail: str = "") -> Response:
        visit = _visit(self._parts, request)
        return await visit.page("error.html", status, number=status.value, detail=detail)

    def _to_log_in(self, request: Request) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{PREFIX}/login?{urlencode({'next': here})}", HTTPStatus.SEE_OTHER)
