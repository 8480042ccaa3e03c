"""The dialplan's questions, through the ASGI application."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from engine.config import HttpConfig
from engine.pbx.registry import CallRegistry
from engine.web.app import create_app
from engine.web.health import Readiness

FORM = "application/x-www-form-urlencoded"
PBX = ("127.0.0.1", 40000)


def client_of(registry: CallRegistry, *, secret: str = "", address: tuple[str, int] = PBX) -> httpx.AsyncClient:
    app = create_app(HttpConfig(internal_secret=SecretStr(secret)), registry, Readiness(registry, warmed_up=True))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=address), base_url="http://engine")


@pytest.fixture
def registry() -> CallRegistry:
    return CallRegistry(1, lambda: 0.0)


@pytest.fixture
async def client(registry: CallRegistry) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(registry) as client:
        yield client


async def test_a_call_is_announced_as_json(client: httpx.AsyncClient, registry: CallRegistry) -> None:
    uuid = uuid4()
    call = {"uuid": str(uuid), "caller": "0671234567", "called": "100", "channel": "PJSIP/x", "later": "ignored"}
    for _ in range(2):
        assert (await client.post("/internal/calls", json=call)).json() == {"answer": "accept"}
    assert (await client.post("/internal/calls", json={"uuid": str(uuid4())})).json() == {"answer": "busy"}
    registration = registry.claim(uuid)
    assert registration is not None
    assert registration.caller == "+380671234567"


@pytest.mark.parametrize(("query", "headers"), [("?format=text", {}), ("", {"Accept": "text/plain"})])
async def test_asterisks_curl_posts_a_form_and_reads_a_word(
    client: httpx.AsyncClient, registry: CallRegistry, query: str, headers: dict[str, str]
) -> None:
    uuid = uuid4()
    form = {"uuid": str(uuid), "caller": "+380671234567", "intent": ""}
    answer = await client.post("/internal/calls" + query, data=form, headers=headers)
    assert (answer.status_code, answer.text) == (200, "accept")
    registry.claim(uuid)
    registry.finish(uuid, "hangup")
    assert (await client.get(f"/internal/calls/{uuid}/next{query}", headers=headers)).text == "hangup"


async def test_the_verdict_carries_the_summary(client: httpx.AsyncClient, registry: CallRegistry) -> None:
    uuid = uuid4()
    registry.finish(uuid, "operator", "asked_for_operator", "питав про шини")
    answer = await client.get(f"/internal/calls/{uuid}/next")
    assert answer.json() == {"next": "operator", "reason": "asked_for_operator", "summary": "питав про шини"}
    assert (await client.get(f"/internal/calls/{uuid4()}/next")).json()["next"] == "operator"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"", "application/json", 422), (b"{", "application/json", 422), (b'{"uuid": "x"}', "application/json", 422),
     (b"[]", "application/json", 422), (b"\xff\xfe", "application/json", 422), (b"caller=1", FORM, 422),
     (b"uuid=\xff", FORM, 400)],
)  # fmt: skip
async def test_malformed_announcements_get_a_problem_document(
    client: httpx.AsyncClient, body: bytes, kind: str, status: int
) -> None:
    answer = await client.post("/internal/calls", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (status, "about:blank")


async def test_a_problem_names_the_field_but_not_the_value(client: httpx.AsyncClient) -> None:
    answer = await client.post("/internal/calls", json={"uuid": "0671234567"})
    assert answer.json()["errors"][0]["field"] == "uuid"
    assert "0671234567" not in answer.text


async def test_unknown_paths_and_wrong_uuids_are_problems_too(client: httpx.AsyncClient) -> None:
    for path, status in (("/nowhere", 404), ("/internal/calls/x/next", 422), ("/internal/calls", 405)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("secret", "given", "host", "status"),
    [("s3cret", "s3cret", "10.0.0.5", 200), ("s3cret", "", "127.0.0.1", 401), ("s3cret", "s3creт", "127.0.0.1", 401),
     ("", "", "127.0.0.1", 200), ("", "", "::1", 200), ("", "", "::ffff:127.0.0.1", 200),
     ("", "", "10.0.0.5", 403), ("", "anything", "10.0.0.5", 403), ("", "", "testclient", 403)],
)  # fmt: skip
async def test_only_the_dialplan_may_ask(
    registry: CallRegistry, secret: str, given: str, host: str, status: int
) -> None:
    async with client_of(registry, secret=secret, address=(host, 1)) as client:
        answer = await client.get(f"/internal/calls/{uuid4()}/next", headers=[(b"X-Callctl-Secret", given.encode())])
        assert answer.status_code == status
