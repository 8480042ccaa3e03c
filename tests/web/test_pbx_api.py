"""The dialplan's questions, through the ASGI application."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from engine.cache import Cache
from engine.config import HttpConfig, RedisConfig
from engine.metrics import REGISTRY
from engine.pbx.admission import REASONS
from engine.pbx.lateness import Lateness
from engine.pbx.registry import CallRegistry
from engine.pbx.shared_registry import SharedRegistry
from engine.web.app import create_app
from engine.web.health import Readiness

FORM = "application/x-www-form-urlencoded"
PBX = ("127.0.0.1", 40000)


def client_of(
    registry: CallRegistry, *, secret: str = "", address: tuple[str, int] = PBX, readiness: Readiness | None = None,
    **http: Any,
) -> httpx.AsyncClient:  # fmt: skip
    """`http`: other settings."""
    readiness = readiness or Readiness(registry, warmed_up=True)
    shared = SharedRegistry(registry, Cache(RedisConfig(url=SecretStr(""))), readiness.reasons)
    app = create_app(HttpConfig.model_validate({"internal_secret": secret, **http}), shared, readiness)
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
    for reason in ("new", "repeated"):
        answer = await client.post("/internal/calls", json=call)
        assert answer.json() == {"answer": "accept", "reason": reason}
    answer = await client.post("/internal/calls", json={"uuid": str(uuid4())})
    assert answer.json() == {"answer": "busy", "reason": "at_capacity"}
    registration = registry.claim(uuid)
    assert registration is not None
    assert registration.caller == "+380671234567"


def full(readiness: Readiness) -> None:
    readiness.registry.register(uuid4())


def late(readiness: Readiness) -> None:
    readiness.lateness = Lateness(0.06)
    for _ in range(10):
        readiness.lateness.observe(0.1)


BUSY: dict[str, Callable[[Readiness], object]] = {
    "warming_up": lambda readiness: setattr(readiness, "warmed_up", False),
    "draining": lambda readiness: readiness.registry.drain(),
    "at_capacity": full,
    "media_clock_late": late,
    "recognizer_ill": lambda readiness: setattr(readiness, "ill", lambda: frozenset({"recognizer"})),
    "synthesizer_ill": lambda readiness: setattr(readiness, "ill", lambda: frozenset({"synthesizer"})),
    "model_ill": lambda readiness: setattr(readiness, "ill", lambda: frozenset({"model"})),
}


@pytest.mark.parametrize("reason", REASONS)
async def test_each_reason_to_refuse_is_told_counted_and_makes_unready(registry: CallRegistry, reason: str) -> None:
    readiness = Readiness(registry, warmed_up=True)
    BUSY[reason](readiness)
    labels = {"answer": "busy", "reason": reason}
    before = REGISTRY.get_sample_value("callctl_admissions_total", labels) or 0.0
    async with client_of(registry, readiness=readiness) as client:
        call = {"uuid": str(uuid4())}
        assert (await client.post("/internal/calls", json=call)).json() == {"answer": "busy", "reason": reason}
        assert (await client.post("/internal/calls?format=text", data=call)).text == "busy"
        assert (await client.get("/readyz")).json()["reasons"] == [reason]
    assert REGISTRY.get_sample_value("callctl_admissions_total", labels) == before + 2


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


@pytest.mark.parametrize(("mark", "status"), [("503", 503), ("1", 200), ("", 200)])
async def test_a_balancer_reads_busy_off_the_status(
    client: httpx.AsyncClient, registry: CallRegistry, mark: str, status: int
) -> None:
    marked = {"X-Callctl-Busy": mark}
    first, second = {"uuid": str(uuid4())}, {"uuid": str(uuid4())}
    assert (await client.post("/internal/calls?format=text", data=first, headers=marked)).status_code == 200
    answer = await client.post("/internal/calls?format=text", data=second, headers=marked)
    assert (answer.status_code, answer.text) == (status, "busy")


async def test_the_operator_is_told_in_words_that_mean_nothing_to_a_dialplan(
    client: httpx.AsyncClient, registry: CallRegistry
) -> None:
    uuid = uuid4()
    registry.finish(uuid, "operator", "customer_request", 'шини "205/55 R16"\r\nX-Evil: ${EVAL(1)} ' + "слово " * 50)
    url = f"/internal/calls/{uuid}/handover"
    summary = (await client.get(f"{url}?field=summary&format=text")).text
    assert summary.startswith("шини '205/55 R16' X-Evil: EVAL 1")
    assert len(summary) <= 200
    assert not set('"\\${}[]()\r\n') & set(summary)
    assert (await client.get(f"{url}?field=reason&format=text")).text == "customer_request"
    assert (await client.get(url)).json() == {"reason": "customer_request", "summary": summary}
    assert (await client.get(f"{url}?field=caller&format=text")).status_code == 422
    assert (await client.get(f"/internal/calls/{uuid4()}/handover?format=text")).text == ""


async def test_a_briefing_names_the_call_it_is_of(client: httpx.AsyncClient, registry: CallRegistry) -> None:
    uuid, earlier = uuid4(), uuid4()
    form = {"uuid": str(uuid), "briefing_of": str(earlier)}
    assert (await client.post("/internal/calls?format=text", data=form)).text == "accept"
    registration = registry.claim(uuid)
    assert registration is not None
    assert registration.briefing_of == earlier


@pytest.mark.parametrize(
    "form",
    [
        "caller=1%0d%0aAction: Originate",
        "channel=PJSIP/a%0d%0aAction:%20Hangup",
        "intent=a%00b",
        f"called={'1' * 201}",
        "briefing_of=${UUID()}",
    ],
)
async def test_what_would_mean_something_further_on_is_refused(
    client: httpx.AsyncClient, registry: CallRegistry, form: str
) -> None:
    answer = await client.post(
        "/internal/calls?format=text", content=f"uuid={uuid4()}&{form}", headers={"Content-Type": FORM}
    )
    assert answer.status_code == 422
    assert registry.statistics().waiting == 0


async def test_of_two_values_for_one_field_the_last_counts_and_none_is_added(
    client: httpx.AsyncClient, registry: CallRegistry
) -> None:
    first, second = uuid4(), uuid4()
    content = f"uuid={first}&uuid={second}&caller=0671234567&answer=accept&max_calls=999"
    answer = await client.post("/internal/calls?format=text", content=content, headers={"Content-Type": FORM})
    assert answer.text == "accept"
    assert list(registry.waiting()) == [second]


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
     ("пароль", "пароль", "10.0.0.5", 200), ("пароль", "гасло", "10.0.0.5", 401),
     ("", "", "127.0.0.1", 200), ("", "", "::1", 200), ("", "", "::ffff:127.0.0.1", 200),
     ("", "", "10.0.0.5", 403), ("", "anything", "10.0.0.5", 403), ("", "", "testclient", 403)],
)  # fmt: skip
async def test_only_the_dialplan_may_ask(
    registry: CallRegistry, secret: str, given: str, host: str, status: int
) -> None:
    async with client_of(registry, secret=secret, address=(host, 1)) as client:
        before = refusals()
        answer = await client.get(f"/internal/calls/{uuid4()}/next", headers=[(b"X-Callctl-Secret", given.encode())])
        assert answer.status_code == status
        assert refusals() - before == (status != 200)


BEHIND_PROXIES: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"X-Forwarded-For": "203.0.113.7"}, {}), ({"Forwarded": "for=203.0.113.7"}, {}),
    ({"Origin": "https://evil.example"}, {}), ({}, {"public_url": "https://bot.example.ua"}),
    ({}, {"trusted_proxies": "127.0.0.1/32"}),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "settings"), BEHIND_PROXIES)
async def test_who_comes_through_a_proxy_needs_the_secret(
    registry: CallRegistry, headers: dict[str, str], settings: dict[str, Any]
) -> None:
    """To the engine a proxy on the same machine is this machine, whoever is behind it."""
    where = f"/internal/calls/{uuid4()}/next"
    async with client_of(registry, **settings) as client:
        before = refusals()
        answer = await client.get(where, headers=headers)
        assert (answer.status_code, "HTTP_INTERNAL_SECRET" in answer.text) == (403, True)
        assert refusals() - before == 1
    async with client_of(registry, secret="s3cret", **settings) as client:
        assert (await client.get(where, headers=headers | {"X-Callctl-Secret": "s3cret"})).status_code == 200


def refusals() -> float:
    reasons = ("secret", "not_local", "proxied")
    samples = (REGISTRY.get_sample_value("callctl_internal_refusals_total", {"reason": reason}) for reason in reasons)
    return sum(sample or 0.0 for sample in samples)


async def test_who_may_not_ask_may_not_announce_either(registry: CallRegistry) -> None:
    async with client_of(registry, secret="s3cret") as client:
        for path in (f"/internal/calls/{uuid4()}/handover", f"/internal/calls/{uuid4()}/next"):
            assert (await client.get(path)).status_code == 401
        answer = await client.post(
            "/internal/calls", json={"uuid": str(uuid4())}, headers={"X-Callctl-Secret": "wrong"}
        )
    assert answer.status_code == 401
    assert registry.statistics().waiting == 0
