"""The session's cookie: out of reach of scripts and of other sites."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from engine.access.sessions import LIFETIME

_NAME: Final = "callctl_session"
_SECURE_NAME: Final = f"__Host-{_NAME}"
"""A browser takes one of this beginning over https only, for this host alone."""


def session_of(request: Request, *, is_https: bool) -> str:
    """Its token; empty without one."""
    return request.cookies.get(_SECURE_NAME if is_https else _NAME, "")


def keep_session(response: Response, token: str, *, is_https: bool) -> None:
    response.set_cookie(
        _SECURE_NAME if is_https else _NAME, token, max_age=int(LIFETIME.total_seconds()), path="/", secure=is_https,
        httponly=True, samesite="strict",
    )  # fmt: skip


def drop_session(response: Response, *, is_https: bool) -> None:
    response.delete_cookie(
        _SECURE_NAME if is_https else _NAME, path="/", secure=is_https, httponly=True, samesite="strict"
    )
