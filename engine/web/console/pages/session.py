"""Logging in and out, setting a password by a one-time link, and the language of the pages.

A session may run out while somebody fills in a form. What he filled in goes along through the log-in, in the pages
themselves, and is sent again once he says so.
"""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from engine.access import links, sessions
from engine.access.identity import Role
from engine.access.login import LoggedIn, Wait, Wrong, log_in, set_password
from engine.access.passwords import LONGEST, SHORTEST, TooBusy
from engine.access.tokens import csrf_token
from engine.web.auth.cookies import drop_session, keep_session, session_of
from engine.web.console.forms import CSRF_FIELD, Form, local
from engine.web.console.languages import LANGUAGES
from engine.web.console.visit import PREFIX, Entry, Visit

LANGUAGE_COOKIE: Final = "callctl_language"
_HOME: Final = f"{PREFIX}/live"
_YEAR: Final = 365 * 24 * 3600
_KEPT: Final = "kept."
_NONE: Final[Form] = {}


async def home(visit: Visit) -> Response:
    return visit.go(_HOME)


async def login_page(visit: Visit) -> Response:
    return await _login(visit, after=visit.request.query_params.get("next", ""))


async def begin(visit: Visit) -> Response:
    name, guard = visit.form.get("name", ""), visit.backend.guard
    password = visit.form.get("password", "")[: LONGEST + 1]
    try:
        done = await log_in(visit.backend.database, guard.passwords, name[:LONGEST], password,
                            guard.address(visit.request))  # fmt: skip
    except TooBusy:
        done = Wait(1)
    after, kept = visit.form.get("next", ""), _kept(visit)
    if isinstance(done, LoggedIn):
        return await _send_again(visit, done, after, kept) if kept else _let_in(visit, done, local(after, _HOME))
    status, wrong = _refusal(visit, done, "login.wrong")
    return await _login(visit, status, after=after, name=name, wrong=wrong, kept=kept)


async def ran_out(visit: Visit) -> Response:
    """In answer to a form, of whomever we no longer know."""
    kept = {name: value for name, value in visit.form.items() if name != CSRF_FIELD}
    if not kept:
        page = visit.request.headers.get("Referer", "").partition("?")[0].partition(f"{PREFIX}/")[2]
        return visit.go(f"{PREFIX}/login", "session_over", next=f"{PREFIX}/{page}")
    wrong = visit.words("login.over")
    return await _login(visit, HTTPStatus.UNAUTHORIZED, after=visit.request.url.path, wrong=wrong, kept=kept)


async def first_page(visit: Visit) -> Response:
    token = visit.request.query_params.get("token", "")[:LONGEST]
    user = await links.whose(visit.backend.database, token)
    if user is None:
        return await visit.page("first_void.html", HTTPStatus.NOT_FOUND)
    return await visit.page("first.html", token=token, name=user.name, least=SHORTEST, wrong="")


async def first(visit: Visit) -> Response:
    token, guard = visit.form.get("token", "")[:LONGEST], visit.backend.guard
    password = visit.form.get("password", "")[: LONGEST + 1]
    user = await links.whose(visit.backend.database, token)
    if user is None:
        return await visit.page("first_void.html", HTTPStatus.NOT_FOUND)
    if password != visit.form.get("again", ""):
        return await _first_again(visit, token, user.name, visit.words("first.differ"))
    try:
        done = await set_password(visit.backend.database, guard.passwords, token, password,
                                  guard.address(visit.request))  # fmt: skip
    except TooBusy:
        done = Wait(1)
    if isinstance(done, LoggedIn):
        return _let_in(visit, done, _HOME)
    _, wrong = _refusal(visit, done, "first.weak")
    return await _first_again(visit, token, user.name, wrong)


async def over(visit: Visit) -> Response:
    is_https = visit.backend.guard.site.is_https
    await sessions.end(visit.backend.database, session_of(visit.request, is_https=is_https))
    response = visit.go(f"{PREFIX}/login")
    drop_session(response, is_https=is_https)
    return response


async def language(visit: Visit) -> Response:
    """Changes nothing here: a cookie that no other page needs."""
    response = visit.go(local(visit.form.get("back", ""), _HOME))
    if (code := visit.form.get("language", "")) in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, code, max_age=_YEAR, path=PREFIX, secure=visit.backend.guard.site.is_https, httponly=True,
            samesite="lax",
        )  # fmt: skip
    return response


async def _login(
    visit: Visit, status: HTTPStatus = HTTPStatus.OK, *, after: str, name: str = "", wrong: str = "", kept: Form = _NONE
) -> Response:
    return await visit.page("login.html", status, next=after, name=name, wrong=wrong, kept=kept)


async def _send_again(visit: Visit, done: LoggedIn, action: str, kept: Form) -> Response:
    csrf = csrf_token(done.token)
    response = await visit.page("again.html", action=local(action, _HOME), kept=kept, csrf=csrf)
    keep_session(response, done.token, is_https=visit.backend.guard.site.is_https)
    return response


def _kept(visit: Visit) -> Form:
    """Of the form that was filled in before the log-in."""
    return {name.removeprefix(_KEPT): value for name, value in visit.form.items() if name.startswith(_KEPT)}


async def _first_again(visit: Visit, token: str, name: str, wrong: str) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return await visit.page("first.html", status, token=token, name=name, least=SHORTEST, wrong=wrong)


def _let_in(visit: Visit, done: LoggedIn, path: str) -> Response:
    response = visit.go(path)
    keep_session(response, done.token, is_https=visit.backend.guard.site.is_https)
    return response


def _refusal(visit: Visit, done: Wrong | Wait, wrong: str) -> tuple[HTTPStatus, str]:
    if isinstance(done, Wait):
        minutes = -(-done.seconds // 60)
        return HTTPStatus.TOO_MANY_REQUESTS, visit.words("login.wait", minutes=minutes)
    return HTTPStatus.UNAUTHORIZED, visit.words(wrong, least=SHORTEST)


ENTRIES: Final = (
    Entry("/", home, role=None),
    Entry("/login", login_page, role=None),
    Entry("/login", begin, role=None, method="POST"),
    Entry("/first", first_page, role=None),
    Entry("/first", first, role=None, method="POST"),
    Entry("/language", language, role=None, method="POST"),
    Entry("/logout", over, Role.VIEWER, method="POST"),
)
