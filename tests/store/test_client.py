"""The store client against a scripted store (httpx's own transport seam), on a virtual clock."""

import json
from collections.abc import Sequence
from decimal import Decimal

import httpx
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from engine import metrics
from engine.config import StoreConfig
from engine.errors import ConfigError, StoreError, StoreRejected
from engine.store.asked import Confirmation, NewOrder, OrderLine, TireQuery
from engine.store.client import StoreClient

CONFIG = StoreConfig.model_validate({"base_url": "http://store.test/", "api_key": "secret-key"})
ORDER = {"data": {"id": 7, "order_number": "T-7", "status": "draft", "items": [], "subtotal": 9400.5, "novelty": {}}}
NEW_ORDER = NewOrder(customer_phone="+380501112233", items=(OrderLine(product_id="t1", quantity=4),), call_id="call-1")

type Step = int | str | tuple[int, dict[str, str]]
"""A status, a status with headers, or a fault: `refuse`, `hang`."""


class ScriptedStore:
    """Plays the steps in turn, then answers 200 for ever."""

    def __init__(self, *steps: Step, body: object = ORDER) -> None:
        self.steps = list(steps)
        self.body = body
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(trio.current_time())
        step = self.steps.pop(0) if self.steps else 200
        if step == "refuse":
            raise httpx.ConnectError("refused", request=request)
        if step == "hang":
            await trio.sleep_forever()
        status, headers = step if isinstance(step, tuple) else (step, {})
        assert isinstance(status, int)
        error = {"error": {"code": "oops", "message": "no", "request_id": "r"}}
        return httpx.Response(status, headers=headers, json=self.body if status < 400 else error)

    def client(self, config: StoreConfig = CONFIG) -> StoreClient:
        return StoreClient(config, transport=httpx.MockTransport(self))

    def gaps(self) -> list[float]:
        return [round(b - a, 3) for a, b in zip(self.times, self.times[1:], strict=False)]


async def test_a_request_is_authorised_and_named(autojump_clock: MockClock) -> None:
    store = ScriptedStore()
    async with store.client() as client:
        order = await client.order("a/b")
    sent = store.requests[0]
    assert sent.url.raw_path == b"/api/v1/orders/a%2Fb"
    assert sent.headers["Authorization"] == "Bearer secret-key"
    assert len(sent.headers["X-Request-Id"]) >= 16
    assert "Idempotency-Key" not in sent.headers
    assert (order.id, order.subtotal) == ("7", Decimal("9400.5"))


async def test_the_query_leaves_out_what_was_not_asked_and_the_total_is_the_stores(autojump_clock: MockClock) -> None:
    tire = {"id": 1, "brand": "Nokian", "model": "R5", "size": "215/55 R17", "price": 4800}
    store = ScriptedStore(body={"data": [tire], "pagination": {"page": 1, "total": 31}})
    async with store.client() as client:
        page = await client.search_tires(TireQuery(width=215, profile=55, diameter=17, season="winter"))
    assert dict(store.requests[0].url.params) == {
        "width": "215", "profile": "55", "diameter": "17", "season": "winter", "per_page": "20",
    }  # fmt: skip
    assert (page.total, page.tires[0].id) == (31, "1")


@pytest.mark.parametrize(
    ("steps", "gaps"),
    [
        ((503, 503), [1, 2]),
        ((429,), [1]),
        (((429, {"Retry-After": "3"}),), [3]),
        (((503, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),), [1]),
        (("refuse", "refuse"), [1, 2]),
        (("hang",), [6]),
    ],
)
async def test_what_may_pass_is_asked_again(
    steps: Sequence[Step], gaps: list[float], autojump_clock: MockClock
) -> None:
    store = ScriptedStore(*steps)
    async with store.client() as client:
        assert (await client.order("7")).id == "7"
    assert store.gaps() == gaps


@pytest.mark.parametrize(
    ("steps", "tries", "retryable"),
    [
        ((503, 503, 503), 3, True),
        ((429, 429, 429), 3, True),
        ((500,), 1, False),
        ((502,), 1, False),
        ((302,), 1, False),
    ],
)
async def test_what_will_not_pass_is_an_error(
    steps: Sequence[Step], tries: int, retryable: bool, autojump_clock: MockClock
) -> None:
    store = ScriptedStore(*steps)
    async with store.client() as client:
        with pytest.raises(StoreError) as caught:
            await client.order("7")
    assert len(store.requests) == tries
    assert caught.value.retryable is retryable
    assert not isinstance(caught.value, StoreRejected)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_no_is_a_no(status: int, autojump_clock: MockClock) -> None:
    store = ScriptedStore(*[status] * 20)
    async with store.client() as client:
        for _ in range(20):
            with pytest.raises(StoreRejected) as caught:
                await client.order("7")
        assert client.available
    assert (caught.value.status, caught.value.code, caught.value.detail) == (status, "oops", "no")


@pytest.mark.parametrize("steps", [("hang",) * 9, ((503, {"Retry-After": "60"}),), ("refuse", ("hang")) * 5])
async def test_never_longer_than_the_turns_patience(steps: Sequence[Step], autojump_clock: MockClock) -> None:
    store = ScriptedStore(*steps)
    started = trio.current_time()
    async with store.client() as client:
        with pytest.raises(StoreError) as caught:
            await client.order("7")
    assert trio.current_time() - started <= CONFIG.patience
    assert caught.value.retryable


async def test_nonsense_is_an_error_that_does_not_quote_it(autojump_clock: MockClock) -> None:
    store = ScriptedStore(body={"data": {"order_number": ["+380501112233"]}})
    async with store.client() as client:
        with pytest.raises(StoreError, match="unreadable") as caught:
            await client.order("7")
    assert "+380" not in str(caught.value)


@given(
    st.lists(st.sampled_from([503, 429, "refuse", (503, {"Retry-After": "2"})]), max_size=3),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
)
@settings(max_examples=40, deadline=None)
def test_a_mutations_key_never_differs_between_tries(steps: list[Step], key: str) -> None:
    store = ScriptedStore(*steps)

    async def place() -> None:
        async with store.client() as client:
            try:
                await client.create_order(NEW_ORDER, key=key)
            except StoreError:
                assert len(steps) == 3

    trio.run(place, clock=MockClock(autojump_threshold=0))
    assert {request.headers["Idempotency-Key"] for request in store.requests} == {key}
    assert len({request.content for request in store.requests}) == 1
    assert len(store.requests) == min(len(steps), 2) + 1


async def test_a_mutation_says_what_and_for_whom(autojump_clock: MockClock) -> None:
    store = ScriptedStore()
    async with store.client() as client:
        await client.create_order(NEW_ORDER, key="k1")
        await client.confirm_order("7", Confirmation(payment_method="cod"), key="k2")
    assert json.loads(store.requests[0].content) == {
        "customer_phone": "+380501112233", "items": [{"product_id": "t1", "quantity": 4}], "call_id": "call-1",
        "source": "ai_agent",
    }  # fmt: skip
    assert store.requests[1].headers["Idempotency-Key"] == "k2"


async def test_five_illnesses_open_the_breaker_and_one_probe_closes_it(autojump_clock: MockClock) -> None:
    store = ScriptedStore(500, "refuse", 503, "hang", 500)
    gauge = metrics.BREAKER_OPEN.labels("store")
    config = CONFIG.model_copy(update={"max_retries": 0})
    async with store.client(config) as client:
        for _ in range(5):
            with pytest.raises(StoreError):
                await client.order("7")
        assert (client.available, gauge._value.get()) == (False, 1)
        started = trio.current_time()
        with pytest.raises(StoreError, match="breaker"):
            await client.order("7")
        assert (trio.current_time(), len(store.requests)) == (started, 5)
        await trio.sleep(30)
        assert (await client.order("7")).id == "7"
        assert (client.available, gauge._value.get()) == (True, 0)


async def test_a_request_that_cannot_be_sent_is_our_fault_not_the_stores(autojump_clock: MockClock) -> None:
    class Unsendable(ScriptedStore):
        async def __call__(self, request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            raise httpx.LocalProtocolError("illegal header")

    store = Unsendable()
    async with store.client() as client:
        for _ in range(6):
            with pytest.raises(StoreError, match="cannot be sent"):
                await client.order("7")
        assert client.available
    assert len(store.requests) == 6


async def test_cancelled_callers_do_not_open_the_breaker(autojump_clock: MockClock) -> None:
    store = ScriptedStore(*["hang"] * 10)
    async with store.client() as client:
        for _ in range(10):
            with trio.move_on_after(1):
                await client.order("7")
        assert client.available


async def test_ping_is_one_cheap_request(autojump_clock: MockClock) -> None:
    store = ScriptedStore(body={"data": []})
    async with store.client() as client:
        await client.ping()
    assert store.requests[0].url.params["per_page"] == "1"


def test_no_address_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="STORE_BASE_URL"):
        StoreClient(CONFIG.model_copy(update={"base_url": ""}))


async def test_a_read_that_waits_is_cancelled_at_once(autojump_clock: MockClock) -> None:
    store = ScriptedStore("hang")
    started = trio.current_time()
    async with store.client() as client:
        with trio.move_on_after(0.1):
            await client.order("7")
    assert trio.current_time() - started == pytest.approx(0.1)


async def test_null_is_what_was_not_given(autojump_clock: MockClock) -> None:
    camry = {"make": "Toyota", "model": "Camry", "year": None, "oem_sizes": ["215/55 R17"]}
    store = ScriptedStore(body={"data": {"vehicle": camry, "oem_sizes": None}})
    async with store.client() as client:
        found = await client.vehicle_tires("Toyota", "Camry")
    assert (found.vehicle.year, found.sizes) == ("", ("215/55 R17",))
