"""Says who asks, and refuses whoever may not.

A key (`Authorization: Bearer`) outranks a cookie. What is changed with a cookie needs the session's CSRF token as well,
and must not come from another site.
"""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import trio
from starlette.requests import Request

from engine.access import audit, keys, sessions
from engine.access.identity import Identity, Role
from engine.access.passwords import Passwords
from engine.access.tokens import csrf_token, same
from engine.config import HttpConfig
from engine.database import Database
from engine.web.auth.cookies import session_of
from engine.web.auth.site import Site
from engine.web.problems import Problem

CSRF_HEADER: Final = "X-CSRF-Token"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_TOKEN: Final = 256
_ONE_READ_SECONDS: Final = 300.0
_MOST_NOTED: Final = 10_000
_NAME: Final = re.compile(r"[\w+(). -]{1,60}", re.ASCII)
"""An id, a number, a job: what is none of these somebody has typed."""
_FILTER: Final = re.compile(r"[a-z_]{1,20}")
_MOST_FILTERS: Final = 12

type Who = Callable[[Request], Awaitable[Identity]]
"""A dependency of a route."""


class Guard:
    """One per application. Every method raises `Problem` where somebody or something is missing."""

    def __init__(self, config: HttpConfig, database: Database | None) -> None:
        self.site = Site(config)
        self.passwords = Passwords()
        self._database = database
        self._noted: dict[tuple[str, str, str], float] = {}

    @property
    def has_database(self) -> bool:
        return self._database is not None

    @property
    def database(self) -> Database:
        if self._database is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No database is configured: set DATABASE_URL.")
        return self._database

    def requires(self, role: Role, what: str = "") -> Who:
        """`admit` as a dependency of a route."""

        async def allowed(request: Request) -> Identity:
            return await self.admit(request, role, what, csrf=request.headers.get(CSRF_HEADER, ""))

        return allowed

    async def admit(self, request: Request, role: Role, what: str = "", *, csrf: str = "") -> Identity:
        """Who asks, if he has the role. `what` (`calls.read`): put on the audit trail before it is done; its object is
        what the path names, else by what was looked, without the values: the trail outlives the erasure of whoever was
        looked for. `csrf`: the token sent along, in whichever way."""
        who = await self.identify(request, csrf)
        if who is None:
            headers = {"WWW-Authenticate": "Bearer"}
            raise Problem(HTTPStatus.UNAUTHORIZED, "Log in, or send an API key.", headers=headers)
        if not who.role.allows(role):
            raise Problem(HTTPStatus.FORBIDDEN, f"This needs the role {role}.")
        if what:
            await self._note_once(request, who, what)
        return who

    async def identify(self, request: Request, csrf: str = "") -> Identity | None:
        """None: nobody we know, or no longer."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await keys.identify(self.database, key) if len(key) <= _LONGEST_TOKEN else None
        token = session_of(request, is_https=self.site.is_https)
        if not token or len(token) > _LONGEST_TOKEN:
            return None
        who = await sessions.identify(self.database, token)
        if who is not None and request.method not in _READING:
            self.refuse_foreign(request)
            if not same(csrf, csrf_token(token)):
                raise Problem(HTTPStatus.FORBIDDEN, f"{CSRF_HEADER} is missing or wrong.")
        return who

    async def _note_once(self, request: Request, who: Identity, what: str) -> None:
        """What is read again within minutes, as by a page that keeps itself up to date, is one read."""
        now = trio.current_time()
        asked = " ".join(map(str, request.path_params.values())) or request.url.query
        entry = (str(who), what, asked)
        if request.method in _READING:
            if now < self._noted.get(entry, now):
                return
            if len(self._noted) >= _MOST_NOTED:
                self._noted.clear()
            self._noted[entry] = now + _ONE_READ_SECONDS
        await self.note(request, who, what, _object(request))

    async def note(self, request: Request, who: Identity, what: str, of: str = "") -> None:
        """Put it on the audit trail."""
        await audit.note(self.database, str(who), what, of, self.address(request))

    def address(self, request: Request) -> str:
        """Of whoever asks, behind a trusted proxy that of its client."""
        peer = request.client.host if request.client else ""
        return self.site.client(peer, request.headers.getlist("X-Forwarded-For"))

    def csrf(self, request: Request) -> str:
        """What a page of a logged-in user sends along with a change, as `X-CSRF-Token`."""
        return csrf_token(session_of(request, is_https=self.site.is_https))

    def refuse_foreign(self, request: Request) -> None:
        """What another site had the browser send."""
        origin = request.headers.get("Origin")
        if origin is not None and not self.site.is_ours(origin, request.headers.get("Host", "")):
            raise Problem(HTTPStatus.FORBIDDEN, "This comes from another site.")


def _object(request: Request) -> str:
    named = " ".join(each for each in map(str, request.path_params.values()) if _NAME.fullmatch(each))
    return named or " ".join(sorted({name for name in request.query_params if _FILTER.fullmatch(name)})[:_MOST_FILTERS])
