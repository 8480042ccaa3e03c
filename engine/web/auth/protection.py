"""What protects every route alike: safe headers on each answer, no strange host names, no endless bodies, no way back
from https.
"""

from collections.abc import Mapping
from http import HTTPStatus
from math import inf
from typing import Final

import trio
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.web.auth.site import Site
from engine.web.problems import Problem, problem_response

MOST_BYTES: Final = 1_000_000
"""Of a body: an article of some hundred pages."""
BODY_SECONDS: Final = 30.0
"""So long it may take to arrive."""
_MOST_DIGITS: Final = len(str(MOST_BYTES))
_POLICY: Final = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
])  # fmt: skip
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""A route that sets one of these itself (a stylesheet that may be cached) keeps its own."""
_HTTPS_ONLY: Final = "max-age=31536000"
_FOR_PEOPLE: Final = ("/api/", "/console")
"""The rest is asked by probes and the dialplan, by whatever name they know us."""


def protect(app: Starlette, site: Site) -> None:
    """The last one added is the first a request meets."""
    app.add_middleware(BodyLimit)
    app.add_middleware(KnownHosts, site=site)
    app.add_middleware(SafeHeaders, is_https=site.is_https)
    if site.is_https:
        app.add_middleware(OverHttps)


class OverHttps:
    """Behind a proxy that does TLS a redirect goes on to https, where the browser is, though we are asked over http."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["scheme"] = "https"
        await self._app(scope, receive, send)


class SafeHeaders:
    """On every answer, those of errors too."""

    def __init__(self, app: ASGIApp, is_https: bool) -> None:
        self._app = app
        self._headers = {**_HEADERS, **({"Strict-Transport-Security": _HTTPS_ONLY} if is_https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safely)


class KnownHosts:
    """Refuses what was asked of a name that is not ours."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_FOR_PEOPLE):
            hosts = Headers(scope=scope).getlist("Host")
            if len(hosts) != 1 or not self._site.may_be_asked_as(hosts[0]):
                refusal = problem_response(
                    HTTPStatus.MISDIRECTED_REQUEST, "HTTP_ALLOWED_HOSTS does not have this name."
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too long: at once where it says so itself, else as soon as it is; and one that does not
    end, which would hold its connection for ever. `seconds`: from the first look at it to its end."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("Content-Length", "0")
        if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > MOST_BYTES:
            refusal = problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {MOST_BYTES} bytes.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        read, deadline = 0, trio.current_time() + self._seconds

        async def receive_some() -> Message:
            nonlocal read, deadline
            try:
                with trio.fail_at(deadline):
                    message = await receive()
            except trio.TooSlowError as error:
                raise Problem(HTTPStatus.REQUEST_TIMEOUT, f"The body took longer than {self._seconds:g} s.") from error
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {MOST_BYTES} bytes.")
            if not message.get("more_body", False):
                deadline = inf  # what comes now is the client's going
            return message

        return receive_some
