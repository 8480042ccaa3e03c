"""Whoever may not is refused, and learns nothing by it."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
import trio
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message

from engine.access import attempts, audit, keys, users
from engine.access.first_admin import first_link
from engine.access.identity import Role
from engine.config import Config, DatabaseConfig
from engine.database import Database
from engine.web.api import create_api
from engine.web.auth.protection import BodyLimit
from engine.web.problems import answer_with_problems
from engine.web.serve import serve_app
from tests.web.world import ADDRESS, PASSWORD, Site, make_site

CREDENTIALS = {"name": "olena", "password": PASSWORD}
PUBLIC_API = {("POST", "/session"), ("POST", "/password")}


def routes(site: Site) -> list[tuple[str, str]]:
    """(method, path) of every operation that is described, and the description itself."""
    described: dict[str, dict[str, Any]] = create_api(site.backend).openapi()["paths"]
    every = [(method.upper(), path) for path, operations in described.items() for method in operations]
    return [("GET", "/openapi.json"), *(each for each in every if each not in PUBLIC_API)]


def filled(path: str) -> str:
    values = {"call_id": str(uuid4()), "callback_id": str(uuid4()), "version_id": "0" * 12, "number": "1",
              "phone": "+380671234567", "name": "partitions"}  # fmt: skip
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path
    return f"/api/v1{path}"


async def test_nothing_of_the_api_is_open_without_a_log_in(site: Site) -> None:
    async with site.client() as client:
        for method, path in routes(site):
            answer = await client.request(method, filled(path), json={})
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.VIEWER, {
            ("DELETE", "/live/{call_id}"), ("POST", "/knowledge/articles"), ("PUT", "/knowledge/articles/{number}"),
            ("DELETE", "/knowledge/articles/{number}"), ("POST", "/prompts"), ("PUT", "/prompts/active"),
            ("POST", "/callbacks/{callback_id}/done"), ("GET", "/customers"), ("GET", "/customers/{phone}"),
            ("GET", "/customers/{phone}/export"), ("DELETE", "/customers/{phone}"), ("POST", "/jobs/{name}/runs"),
            ("GET", "/config"), ("GET", "/audit"),
        }),
        (Role.SUPERVISOR, {
            ("DELETE", "/customers/{phone}"), ("POST", "/jobs/{name}/runs"), ("GET", "/config"), ("GET", "/audit"),
        }),
        (Role.ADMIN, set()),
    ],
)  # fmt: skip
async def test_each_role_may_what_it_may(site: Site, role: Role, refused: set[tuple[str, str]]) -> None:
    """A new route has to be put into this table, or be for everybody."""
    client = await site.with_key(role)
    found = {
        (method, path)
        for method, path in routes(site)
        if (await client.request(method, filled(path), json={})).status_code == 403
    }
    assert found == refused


async def test_a_session_is_in_a_cookie_out_of_reach(site: Site) -> None:
    await site.add_user("olena", Role.VIEWER)
    async with site.client() as client:
        answer = await client.post("/api/v1/session", json=CREDENTIALS)
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert (await client.get("/api/v1/session")).json()["name"] == "olena"


async def test_over_https_the_cookie_is_for_https_alone(database: Database, config: Config) -> None:
    site = make_site(database, config, public_url="https://bot.example.ua")
    await site.add_user("olena", Role.VIEWER)
    async with site.client(base="https://bot.example.ua") as client:
        answer = await client.post("/api/v1/session", json=CREDENTIALS)
    assert answer.headers["set-cookie"].startswith("__Host-callctl_session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_unknown_user_and_wrong_password_look_alike(site: Site) -> None:
    await site.add_user("olena", Role.VIEWER)
    async with site.client() as client:
        wrong = await client.post("/api/v1/session", json=CREDENTIALS | {"password": "not this one"})
        unknown = await client.post("/api/v1/session", json=CREDENTIALS | {"name": "nobody"})
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.status_code == 401
    assert "set-cookie" not in wrong.headers


async def test_brute_force_is_stopped(site: Site) -> None:
    await site.add_user("olena", Role.VIEWER)
    statuses: list[int] = []

    async def guess(number: int) -> None:
        async with site.client(address=f"2001:db8::{number}") as client:
            answer = await client.post("/api/v1/session", json=CREDENTIALS | {"password": f"guess {number}"})
            statuses.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        for number in range(3 * attempts.LIMITS["pair"]):
            nursery.start_soon(guess, number)
    assert statuses.count(401) <= attempts.LIMITS["pair"]
    assert set(statuses) == {401, 429}
    async with site.client(address="2001:db8::ffff") as client:
        answer = await client.post("/api/v1/session", json=CREDENTIALS)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    async with site.client() as client:
        assert (await client.post("/api/v1/session", json=CREDENTIALS)).status_code == 200, "its owner is elsewhere"


async def test_forwarded_addresses_are_believed_of_trusted_proxies_only(database: Database, config: Config) -> None:
    """Else an attacker would be somebody else with each guess."""
    site = make_site(database, config, trusted_proxies="10.0.0.0/8")
    for address, expected in ((ADDRESS, ADDRESS), ("10.0.0.1", "198.51.100.7")):
        async with site.client(address=address, headers={"X-Forwarded-For": "1.2.3.4, 198.51.100.7"}) as client:
            await client.post("/api/v1/session", json=CREDENTIALS)
        [entry] = await audit.listed(database, before=None, limit=1)
        assert entry.ip == expected


async def test_a_change_with_a_cookie_needs_the_csrf_token(site: Site) -> None:
    client = await site.logged_in("olena", Role.SUPERVISOR)
    prompt = {"name": "new", "text": "Будь чемним."}
    assert (await client.post("/api/v1/prompts", json=prompt)).status_code == 201
    for token in ("", "0" * 64, "ї"):
        headers = httpx.Headers([(b"X-CSRF-Token", token.encode())])
        del client.headers["X-CSRF-Token"]
        answer = await client.post("/api/v1/prompts", json=prompt, headers=headers)
        client.headers["X-CSRF-Token"] = "x"
        assert (answer.status_code, "missing or wrong" in answer.text) == (403, True)


async def test_the_csrf_token_of_another_session_does_not_do(site: Site) -> None:
    olena, ivan = await site.logged_in("olena", Role.ADMIN), await site.logged_in("ivan", Role.ADMIN)
    olena.headers["X-CSRF-Token"] = ivan.headers["X-CSRF-Token"]
    assert (await olena.post("/api/v1/jobs/partitions/runs")).status_code == 403
    assert site.jobs.started == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
async def test_what_another_site_sends_is_refused(site: Site, origin: str) -> None:
    client = await site.logged_in("olena", Role.ADMIN)
    refused = await client.post("/api/v1/jobs/partitions/runs", headers={"Origin": origin})
    assert refused.status_code == 403
    assert (
        await site.client().post("/api/v1/session", json=CREDENTIALS, headers={"Origin": origin})
    ).status_code == 403
    ours = await client.post("/api/v1/jobs/partitions/runs", headers={"Origin": "http://127.0.0.1"})
    assert ours.status_code == 202


@pytest.mark.parametrize(
    ("public_url", "origin", "status"),
    [("https://bot.example.ua", "https://bot.example.ua", 200), ("https://bot.example.ua", "https://evil.example", 403),
     ("https://bot.example.ua:443/", "https://bot.example.ua", 200), ("https://b.ua", "http://b.ua", 403),
     ("", "://", 403)],
)  # fmt: skip
async def test_a_proxy_may_ask_by_another_name_than_the_browser(
    database: Database, config: Config, public_url: str, origin: str, status: int
) -> None:
    site = make_site(database, config, public_url=public_url)
    await site.add_user("olena", Role.VIEWER)
    async with site.client(base="http://127.0.0.1:8080") as client:
        answer = await client.post("/api/v1/session", json=CREDENTIALS, headers={"Origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/api/v1/calls/", "/console/calls/", "/console"])
async def test_a_redirect_stays_on_https(database: Database, config: Config, path: str) -> None:
    """The proxy asks over http what the browser asked over https."""
    site = make_site(database, config, public_url="https://bot.example.ua")
    async with site.client(base="http://bot.example.ua") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"].partition("://")[0]) == (307, "https")


async def test_a_key_needs_no_csrf_token(site: Site) -> None:
    client = await site.with_key(Role.ADMIN)
    assert (await client.post("/api/v1/jobs/partitions/runs")).status_code == 202


async def test_a_session_is_not_fixed_beforehand(site: Site) -> None:
    """A token that an attacker has planted is not the one that logging in gives."""
    await site.add_user("olena", Role.VIEWER)
    async with site.client(cookies={"callctl_session": "planted"}) as client:
        assert (await client.get("/api/v1/session")).status_code == 401
        answer = await client.post("/api/v1/session", json=CREDENTIALS)
        assert "planted" not in answer.headers["set-cookie"]
    async with site.client(cookies={"callctl_session": "planted"}) as client:
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_logging_out_ends_the_session_itself(site: Site) -> None:
    client = await site.logged_in("olena", Role.VIEWER)
    token = client.cookies["callctl_session"]
    assert (await client.delete("/api/v1/session")).status_code == 204
    async with site.client(cookies={"callctl_session": token}) as thief:
        assert (await thief.get("/api/v1/session")).status_code == 401


async def test_a_disabled_user_and_a_lesser_role_count_at_once(site: Site) -> None:
    client = await site.logged_in("olena", Role.ADMIN)
    assert (await client.get("/api/v1/audit")).status_code == 200
    await site.database.execute("UPDATE users SET role = 'viewer'")
    assert (await client.get("/api/v1/audit")).status_code == 403
    user = await users.find(site.database, "olena")
    assert user is not None
    await users.set_disabled(site.database, user.id, True)
    assert (await client.get("/api/v1/calls")).status_code == 401


@pytest.mark.parametrize("change", ["expires_at = now()", "revoked_at = now()"])
async def test_a_key_that_is_over_opens_nothing(site: Site, change: str) -> None:
    client = await site.with_key(Role.ADMIN)
    assert (await client.get("/api/v1/calls")).status_code == 200
    await site.database.execute(f"UPDATE api_keys SET {change}")
    assert (await client.get("/api/v1/calls")).status_code == 401


@pytest.mark.parametrize(
    "authorization", ["Bearer ", "Bearer x", f"Bearer {'x' * 5000}", "Basic b2xlbmE6eA==", "Bearer a b", "bearer"]
)
async def test_what_is_no_key_opens_nothing(site: Site, authorization: str) -> None:
    async with site.client(headers={"Authorization": authorization}) as client:
        assert (await client.get("/api/v1/calls")).status_code == 401


async def test_the_first_password_is_set_by_the_link_and_logs_in(site: Site) -> None:
    token = await first_link(site.database)
    async with site.client() as client:
        weak = await client.post("/api/v1/password", json={"token": token, "password": "short"})
        assert (weak.status_code, "12 to 256" in weak.text) == (422, True)
        done = await client.post("/api/v1/password", json={"token": token, "password": PASSWORD})
        assert done.json()["role"] == "admin"
        assert (await client.get("/api/v1/audit")).status_code == 200
    async with site.client() as client:
        again = await client.post("/api/v1/password", json={"token": token, "password": PASSWORD})
        assert again.status_code == 401


async def test_reads_of_people_and_changes_are_on_the_trail(site: Site) -> None:
    client = await site.logged_in("olena", Role.SUPERVISOR)
    for _ in range(3):
        await client.get("/api/v1/customers/+380671234567")
    await client.post("/api/v1/prompts", json={"name": "new", "text": "Будь чемним."})
    await client.post("/api/v1/prompts", json={"name": "new", "text": "Будь дуже чемним."})
    entries = [
        (entry.who, entry.what, entry.object) for entry in await audit.listed(site.database, before=None, limit=9)
    ]
    later, earlier = (
        row["id"] for row in await site.database.fetch("SELECT id FROM prompt_versions ORDER BY created_at DESC")
    )
    assert entries == [
        ("user olena", "prompts.create", later), ("user olena", "prompts.create", earlier),
        ("user olena", "customers.read", "+38067***4567"), ("user olena", "session.begin", ""),
    ]  # fmt: skip


async def test_what_was_typed_into_a_search_is_not_on_the_trail(site: Site) -> None:
    """It would outlive the erasure of whoever was looked for."""
    client = await site.with_key(Role.SUPERVISOR)
    await client.get("/api/v1/calls?search=Петренко&outcome=completed&Олена=1&after=&" + "x" * 3000)
    await client.get("/api/v1/calls?search=Іваненко&outcome=completed")
    await client.get("/api/v1/customers/Петренко")
    entries = [entry.object for entry in await audit.listed(site.database, before=None, limit=9)]
    assert entries == ["", "outcome search", "after outcome search"]


async def test_an_article_that_is_made_is_named_on_the_trail(site: Site) -> None:
    client = await site.with_key(Role.SUPERVISOR)
    article = {
        "path": "delivery.md",
        "title": "Доставка",
        "category": "delivery",
        "text": "Доставка коштує 80 гривень.",
    }
    assert (await client.post("/api/v1/knowledge/articles", json=article | {"text": "# x"})).status_code == 422
    assert (await client.post("/api/v1/knowledge/articles", json=article)).status_code == 201
    entries = [(entry.what, entry.object) for entry in await audit.listed(site.database, before=None, limit=9)]
    assert entries == [("articles.write", "delivery.md")]


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8080", 401), ("[::1]:8080", 401), ("localhost", 401), ("bot.example.ua", 401), ("evil.example", 421),
     ("localhost.evil.example", 421), ("", 421), ("[::1", 421), ("a@evil.example", 421)],
)  # fmt: skip
async def test_only_our_names_are_answered_to(database: Database, config: Config, host: str, status: int) -> None:
    site = make_site(database, config, allowed_hosts="bot.example.ua")
    async with site.client() as client:
        assert (await client.get("/api/v1/calls", headers={"Host": host})).status_code == status
        assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


async def test_a_long_body_is_refused_before_it_is_read(site: Site) -> None:
    client = await site.with_key(Role.ADMIN)
    headers = {"Content-Type": "application/json"}
    lengths: list[tuple[bytes, dict[str, str]]] = [
        (b"x" * 1_100_000, {}), (b"{}", {"Content-Length": "-1"}), (b"{}", {"Content-Length": "9" * 5000}),
    ]  # fmt: skip
    for content, length in lengths:
        answer = await client.post("/api/v1/prompts", content=content, headers=headers | length)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


async def test_a_body_that_never_ends_is_not_waited_for(nursery: trio.Nursery) -> None:
    async def read(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    app = FastAPI()
    answer_with_problems(app)
    app.add_route("/", read, methods=["POST"])
    app.add_middleware(BodyLimit, seconds=0.2)
    port: int = await nursery.start(serve_app, app, "127.0.0.1", 0, "HTTP_PORT", trio.Event())
    told = b""
    with trio.fail_after(10):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
            async for piece in stream:
                told += piece
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in told
    async with httpx.AsyncClient() as client:
        assert (await client.post(f"http://127.0.0.1:{port}/", content=b"all of it")).text == "9"
    nursery.cancel_scope.cancel()


async def test_a_body_that_does_not_say_how_long_it_is_ends_somewhere(site: Site) -> None:
    sent: list[Message] = []
    pieces = 0

    async def receive() -> Message:
        nonlocal pieces
        pieces += 1
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    authorization = f"Bearer {await site.key(Role.ADMIN)}".encode()
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/prompts", "raw_path": b"/api/v1/prompts", "root_path": "",
        "scheme": "http", "query_string": b"", "http_version": "1.1", "client": (ADDRESS, 1), "server": ("x", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"authorization", authorization)],
    }  # fmt: skip
    await site.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert pieces <= 12


@pytest.mark.parametrize("path", ["/api/v1/calls", "/healthz", "/api/v1/nowhere", "/console"])
async def test_every_answer_has_safe_headers(site: Site, path: str) -> None:
    async with site.client() as client:
        headers = (await client.get(path)).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    "path",
    ["/api/v1/../../etc/passwd", "/api/v1/calls/..%2f..%2fconfig", "/api/v1/calls/%00",
     "/api/v1/customers/%0d%0aX-Evil:1", "/api/v1/prompts/' OR 1=1 --",
     "/api/v1/knowledge/articles/1;drop table users"],
)  # fmt: skip
async def test_strange_paths_find_nothing(site: Site, path: str) -> None:
    client = await site.with_key(Role.ADMIN)
    answer = await client.get(path)
    assert answer.status_code in (404, 405, 422), answer.text
    assert "x-evil" not in answer.headers
    assert "postgres" not in answer.text.lower()


async def test_no_number_is_too_long(site: Site) -> None:
    """Python reads no integer of more than 4,300 digits: wherever one may stand it must be refused, not tried."""
    client, nines = await site.with_key(Role.ADMIN), "9" * 5000
    described: dict[str, dict[str, Any]] = create_api(site.backend).openapi()["paths"]
    for path, operations in described.items():
        for method, operation in operations.items():
            query = {each["name"]: nines for each in operation.get("parameters", []) if each["in"] == "query"}
            where = "/api/v1" + re.sub(r"{\w+}", nines, path)
            answer = await client.request(method, where, params=query, json={}, headers={"If-Match": nines})
            assert answer.status_code < 500, (method, path, answer.text)


@pytest.mark.parametrize(
    "query", ["search=%00", "search=')) OR 1=1 --", "outcome=x'--", "after=x", "after=////", "limit=0", "limit=201",
              "from=yesterday", "caller=%00", "min_score=2", "prompt_version=%27", "search=%26%7C%21:*()"]
)  # fmt: skip
async def test_strange_values_are_values(site: Site, query: str) -> None:
    client = await site.with_key(Role.ADMIN)
    answer = await client.get(f"/api/v1/calls?{query}")
    assert answer.status_code in (200, 422), answer.text


async def test_without_a_database_the_api_says_so(config: Config) -> None:
    site = make_site(None, config)
    async with site.client(headers={"Authorization": "Bearer x"}) as client:
        answer = await client.get("/api/v1/calls")
        assert (answer.status_code, "DATABASE_URL" in answer.text) == (503, True)
        assert (await client.post("/api/v1/session", json=CREDENTIALS)).status_code == 503
        assert (await client.get("/healthz")).status_code == 200


async def test_a_database_that_is_away_tells_nothing_of_itself(config: Config) -> None:
    nowhere = DatabaseConfig(url=SecretStr("postgresql://secret:hidden@127.0.0.1:1/callctl"))
    async with Database(nowhere) as database:
        site = make_site(database, config)
        async with site.client(headers={"Authorization": "Bearer x"}) as client:
            answer = await client.get("/api/v1/calls")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "hidden" not in answer.text
    assert "127.0.0.1" not in answer.text


async def test_a_bug_of_ours_tells_nothing(site: Site) -> None:
    site.backend.jobs = None
    broken = "an inner secret"

    class Broken:
        async def listed(self) -> list[dict[str, str]]:
            raise RuntimeError(broken)

    site.backend.live = Broken()  # type: ignore[assignment]
    client = await site.with_key(Role.ADMIN)
    answer = await client.get("/api/v1/live")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert broken not in answer.text


async def test_keys_are_told_by_their_prefix(site: Site) -> None:
    key = await site.key(Role.VIEWER)
    who = await keys.identify(site.database, key)
    assert who is not None
    async with site.client(headers={"Authorization": f"Bearer {key}"}) as client:
        assert (await client.get("/api/v1/session")).json()["name"] == who.name
