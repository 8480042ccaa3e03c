"""Logging in and out, and setting a password by a one-time link."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.access import sessions
from engine.access.identity import Identity, Role
from engine.access.login import LoggedIn, Wait, Wrong, log_in, set_password
from engine.access.passwords import LONGEST, TooBusy
from engine.access.tokens import csrf_token
from engine.web.api.backend import Backend
from engine.web.auth.cookies import drop_session, keep_session, session_of
from engine.web.problems import Problem

type Given = Annotated[str, StringConstraints(max_length=LONGEST)]


class Credentials(BaseModel):
    name: Given
    password: Given


class NewPassword(BaseModel):
    token: Given
    """Of the one-time link."""
    password: Given


class Session(BaseModel):
    name: str
    role: Role
    csrf_token: str
    """To be sent as X-CSRF-Token with every change."""


def session_routes(backend: Backend) -> APIRouter:
    """`/session`, `/password`."""
    guard = backend.guard
    routes = APIRouter(tags=["session"])
    viewer = guard.requires(Role.VIEWER)

    @routes.post("/session", response_model=Session)
    async def begin(request: Request, given: Credentials) -> Response:
        """Log in."""
        guard.refuse_foreign(request)
        address = guard.address(request)
        try:
            done = await log_in(backend.database, guard.passwords, given.name, given.password, address)
        except TooBusy as error:
            raise _too_many(1) from error
        return _answer(done, "The name or the password is wrong.", guard.site.is_https)

    @routes.post("/password", response_model=Session)
    async def first(request: Request, given: NewPassword) -> Response:
        """Set a password by a one-time link, and log in."""
        guard.refuse_foreign(request)
        address = guard.address(request)
        try:
            done = await set_password(backend.database, guard.passwords, given.token, given.password, address)
        except TooBusy as error:
            raise _too_many(1) from error
        return _answer(done, "The link is used up, or too old.", guard.site.is_https)

    @routes.get("/session", response_model=Session)
    async def mine(request: Request, who: Annotated[Identity, Depends(viewer)]) -> Response:
        """Who is logged in."""
        return JSONResponse({"name": who.name, "role": who.role, "csrf_token": guard.csrf(request)})

    @routes.delete("/session", status_code=HTTPStatus.NO_CONTENT)
    async def over(request: Request, _who: Annotated[Identity, Depends(viewer)]) -> Response:
        """Log out."""
        await sessions.end(backend.database, session_of(request, is_https=guard.site.is_https))
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        drop_session(response, is_https=guard.site.is_https)
        return response

    return routes


def _answer(done: LoggedIn | Wrong | Wait, refusal: str, is_https: bool) -> Response:
    if isinstance(done, Wait):
        raise _too_many(done.seconds)
    if isinstance(done, Wrong):
        if done.mend:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Password: {done.mend}.")
        raise Problem(HTTPStatus.UNAUTHORIZED, refusal)
    user = done.user
    response = JSONResponse({"name": user.name, "role": user.role, "csrf_token": csrf_token(done.token)})
    keep_session(response, done.token, is_https=is_https)
    return response


def _too_many(seconds: int) -> Problem:
    headers = {"Retry-After": str(seconds)}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts: try again later.", headers=headers)
