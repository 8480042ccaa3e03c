"""One request for a page: who asks, in which language, with which form; and what can be answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import jinja2
import trio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.access.identity import Identity, Role
from engine.web.api.answers import seen_by
from engine.web.api.backend import Backend
from engine.web.console.forms import Form
from engine.web.console.languages import LANGUAGES, Words
from engine.web.console.shown import Shown
from engine.web.health import Readiness

PREFIX: Final = "/console"
_HEADERS: Final[Mapping[str, str]] = {"Referrer-Policy": "same-origin", "Vary": "Cookie, Accept-Language"}
"""With no referrer at all a browser would call the origin of a form `null`, and the form would be taken for another
site's."""


class Pages:
    """The templates, of which every value that is put in is escaped and none may be missing."""

    def __init__(self) -> None:
        loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
        self._environment = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
            auto_reload=False,
        )  # fmt: skip

    def make(self, template: str, values: Mapping[str, Any]) -> str:
        """Takes milliseconds: in a thread."""
        return self._environment.get_template(template).render(values)


@dataclass(frozen=True, slots=True)
class Parts:
    """What all pages are made of."""

    backend: Backend
    readiness: Readiness
    pages: Pages


@dataclass(frozen=True, slots=True)
class Visit:
    """`who` None: nobody we know, on a page for everybody. `form`: empty where nothing was sent."""

    parts: Parts
    request: Request
    words: Words
    who: Identity | None
    form: Form

    @property
    def backend(self) -> Backend:
        return self.parts.backend

    @property
    def identity(self) -> Identity:
        """Of whoever was let in."""
        assert self.who is not None
        return self.who

    async def masked(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as he may see it."""
        return await trio.to_thread.run_sync(seen_by, self.identity, record)

    async def page(self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
        config = self.backend.config
        here, done = self.request.url.path, self.request.query_params.get("done")
        everywhere = {
            "t": self.words, "f": Shown(config.call.timezone, config.cost.currency), "who": self.who,
            "may": lambda role: self.who is not None and self.who.role.allows(Role(role)),
            "csrf": self.backend.guard.csrf(self.request), "here": here, "languages": LANGUAGES,
            "back": here + (f"?{self.request.url.query}" if self.request.url.query else ""),
            "notice": self.words.texts.get(f"notice.{done}"), "now": datetime.now(config.call.timezone),
        }  # fmt: skip
        body = await trio.to_thread.run_sync(self.parts.pages.make, template, {**everywhere, **values})
        return HTMLResponse(body, status, _HEADERS)

    def go(self, path: str, done: str = "", **query: str) -> Response:
        """On to another page, as after every change. `done`: the notice there, of the texts' group of that name."""
        assert not done or f"notice.{done}" in self.words.texts
        asked = query | ({"done": done} if done else {})
        return RedirectResponse(
            quote(path, safe="/?=&%+") + (f"?{urlencode(asked)}" if asked else ""), HTTPStatus.SEE_OTHER, _HEADERS
        )


type Answer = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page, or what its form does. `role` None: for everybody. `what`: for the audit trail."""

    path: str
    answer: Answer
    role: Role | None = Role.VIEWER
    what: str = ""
    method: Literal["GET", "POST"] = "GET"
