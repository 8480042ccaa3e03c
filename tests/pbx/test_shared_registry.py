"""Two engines of one shop and what they know of each other's calls, over a real Valkey, and without."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import trio
from pydantic import SecretStr
from redis import Redis

from engine.cache import Cache
from engine.config import RedisConfig
from engine.metrics import REGISTRY
from engine.pbx.registry import CallRegistry, Verdict
from engine.pbx.shared_registry import (
    Admission,
    SharedRegistry,
    open_registry,
    registration_key,
    verdict_key,
)
from ops.embedded.valkey import EmbeddedValkey

NOBODY = RedisConfig(url=SecretStr(""))
AWAY = RedisConfig(url=SecretStr("unix:///nowhere/valkey.sock"))


@pytest.fixture
def redis(valkey: EmbeddedValkey) -> RedisConfig:
    return RedisConfig(url=SecretStr(valkey.url))


@pytest.fixture
async def first(redis: RedisConfig) -> AsyncIterator[SharedRegistry]:
    async with open_registry(CallRegistry(5, trio.current_time), redis, tuple) as registry:
        yield registry


@pytest.fixture
async def second(redis: RedisConfig) -> AsyncIterator[SharedRegistry]:
    async with open_registry(CallRegistry(5, trio.current_time), redis, tuple) as registry:
        yield registry


def alone(redis: RedisConfig = NOBODY, *, max_calls: int = 5, reasons: tuple[str, ...] = ()) -> SharedRegistry:
    return SharedRegistry(CallRegistry(max_calls, trio.current_time), Cache(redis, timeout=0.2), lambda: reasons)


def counted(answer: str, reason: str) -> float:
    return REGISTRY.get_sample_value("callctl_admissions_total", {"answer": answer, "reason": reason}) or 0.0


async def test_announced_to_one_connected_to_another_asked_of_either(
    first: SharedRegistry, second: SharedRegistry
) -> None:
    uuid, earlier = uuid4(), uuid4()
    announced = await first.register(
        uuid, caller="067 123 45 67", called="100", channel="PJSIP/a-1", intent="order", briefing_of=earlier
    )
    assert announced == Admission("accept", "new")
    call = await second.claim(uuid)
    assert call is not None
    assert (call.uuid, call.caller, call.called, call.channel) == (uuid, "+380671234567", "100", "PJSIP/a-1")
    assert (call.intent, call.briefing_of) == ("order", earlier)
    assert second.local.stage(uuid) == "connected"
    await second.finish(uuid, "hangup", "goodbye", "питав про шини")
    for engine in (first, second):
        assert await engine.next(uuid) == Verdict("hangup", "goodbye", "питав про шини")


async def test_the_connection_is_there_before_the_first_call(redis: RedisConfig) -> None:
    """A caller announced to another engine was sent to an operator, where opening it took more than 200 ms."""
    with Redis.from_url(redis.url.get_secret_value()) as client:

        def connections() -> int:
            return int(client.info("clients")["connected_clients"])

        before = connections()
        async with open_registry(CallRegistry(5, trio.current_time), redis, tuple):
            assert connections() == before + 1


async def test_connected_where_it_was_announced(first: SharedRegistry, second: SharedRegistry) -> None:
    uuid = uuid4()
    await first.register(uuid)
    assert await first.claim(uuid) is not None
    assert await second.claim(uuid) is None, "taken"
    assert await second.claim(uuid, unannounced=True) is None, "not even where anybody is let in"
    assert await first.claim(uuid) is None


async def test_of_two_engines_that_claim_a_call_one_gets_it(first: SharedRegistry, second: SharedRegistry) -> None:
    for _ in range(50):
        uuid = uuid4()
        await first.register(uuid)
        got: list[SharedRegistry] = []

        async def claim(engine: SharedRegistry, uuid: UUID = uuid, got: list[SharedRegistry] = got) -> None:
            if await engine.claim(uuid) is not None:
                got.append(engine)

        async with trio.open_nursery() as nursery:
            for engine in (first, second, first, second):
                nursery.start_soon(claim, engine)
        (winner,) = got
        loser = second if winner is first else first
        assert winner.local.stage(uuid) == "connected"
        assert loser.local.stage(uuid) is None, "takes no place where it is not"
        await winner.finish(uuid, "hangup")


async def test_a_call_that_went_elsewhere_gives_up_its_place(
    first: SharedRegistry, second: SharedRegistry, nursery: trio.Nursery
) -> None:
    uuid, waiting = uuid4(), uuid4()
    await first.register(uuid)
    await first.register(waiting)
    await second.claim(uuid)
    assert first.local.statistics().waiting == 2
    nursery.start_soon(first.run)
    with trio.fail_after(10):
        while first.local.statistics().waiting == 2:  # noqa: ASYNC110 - it looks once a second
            await trio.sleep(0.05)
    assert list(first.local.waiting()) == [waiting]
    nursery.cancel_scope.cancel()


async def test_a_repeated_announcement_does_not_undo_that_the_call_was_taken(
    first: SharedRegistry, second: SharedRegistry
) -> None:
    uuid = uuid4()
    await first.register(uuid)
    await second.claim(uuid)
    assert await first.register(uuid) == Admission("accept", "repeated")
    assert await first.claim(uuid) is None


async def test_an_ended_call_is_not_announced_again(first: SharedRegistry) -> None:
    uuid = uuid4()
    await first.finish(uuid, "hangup")
    assert await first.register(uuid) == Admission("busy", "already_ended")


async def test_whom_a_dead_engine_had_goes_to_an_operator(first: SharedRegistry, second: SharedRegistry) -> None:
    uuid = uuid4()
    await first.register(uuid)
    await first.claim(uuid)
    assert (await second.next(uuid)).next == "operator"
    assert (await second.next(uuid4())).reason == "unknown_call"


async def test_what_is_shared_ends_by_itself(first: SharedRegistry, redis: RedisConfig) -> None:
    uuid, cache = uuid4(), Cache(redis)
    await first.register(uuid, caller="+380671234567")
    document = await cache.get(registration_key(uuid))
    assert document["caller"] == "+380671234567"
    assert 55 < await seconds_left(cache, registration_key(uuid)) <= 60
    await first.claim(uuid)
    assert "+380671234567" not in str(await cache.get(registration_key(uuid)))
    await first.finish(uuid, "operator", "customer_request", "хоче оператора")
    assert 290 < await seconds_left(cache, verdict_key(uuid)) <= 300
    await cache.aclose()


async def seconds_left(cache: Cache, key: str) -> int:
    assert cache._client is not None
    return int(await trio.to_thread.run_sync(cache._client.ttl, key))


async def test_what_redis_forgot_is_still_known_here(first: SharedRegistry, redis: RedisConfig) -> None:
    uuid, cache = uuid4(), Cache(redis)
    await first.register(uuid)
    await cache.delete(registration_key(uuid))
    assert await first.claim(uuid) is not None
    await first.finish(uuid, "hangup")
    await cache.delete(verdict_key(uuid))
    assert (await first.next(uuid)).next == "hangup"
    await cache.aclose()


@pytest.mark.parametrize("redis", [NOBODY, AWAY], ids=["not configured", "away"])
async def test_without_redis_an_engine_knows_its_own_calls(redis: RedisConfig) -> None:
    engine, uuid = alone(redis), uuid4()
    assert (await engine.register(uuid)).answer == "accept"
    assert await engine.claim(uuid) is not None
    assert await engine.claim(uuid) is None
    await engine.finish(uuid, "hangup")
    assert (await engine.next(uuid)).next == "hangup"
    assert await engine.claim(uuid4()) is None
    assert await engine.claim(uuid4(), unannounced=True) is not None


async def test_a_redis_that_hangs_is_waited_for_a_moment(nursery: trio.Nursery) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    async with open_registry(
        CallRegistry(5, trio.current_time), RedisConfig(url=SecretStr(f"redis://127.0.0.1:{port}"), timeout=30), tuple
    ) as engine:
        before, uuid = trio.current_time(), uuid4()
        assert (await engine.register(uuid)).answer == "accept"
        assert await engine.claim(uuid) is not None
        assert trio.current_time() - before < 0.9, "the dialplan waits for a second"
    await listeners[0].aclose()


@pytest.mark.parametrize("reason", ["draining", "media_clock_late", "model_ill"])
async def test_who_is_not_welcome_is_told_busy_and_counted(reason: str) -> None:
    engine, uuid = alone(reasons=(reason, "at_capacity")), uuid4()
    before = counted("busy", reason)
    assert await engine.register(uuid) == Admission("busy", reason)
    assert counted("busy", reason) == before + 1
    assert engine.local.stage(uuid) is None


async def test_who_was_accepted_stays_so_whatever_has_happened_since() -> None:
    reasons: list[str] = []
    engine, uuid = alone(), uuid4()
    engine = SharedRegistry(engine.local, Cache(NOBODY), lambda: reasons)
    await engine.register(uuid)
    reasons.append("draining")
    assert await engine.register(uuid) == Admission("accept", "repeated")
    assert await engine.claim(uuid) is not None
    assert await engine.register(uuid) == Admission("accept", "repeated")


async def test_who_comes_unannounced_takes_a_place(autojump_clock: trio.testing.MockClock) -> None:
    engine = alone(max_calls=1)
    assert await engine.claim(uuid4(), unannounced=True) is not None
    assert await engine.claim(uuid4(), unannounced=True) is None


async def test_who_never_connects_is_counted(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    engine = alone()
    nursery.start_soon(engine.run)
    before = REGISTRY.get_sample_value("callctl_registrations_expired_total") or 0.0
    for _ in range(3):
        await engine.register(uuid4())
    await trio.sleep(62)
    assert REGISTRY.get_sample_value("callctl_registrations_expired_total") == before + 3
    assert engine.local.statistics().waiting == 0
    nursery.cancel_scope.cancel()


async def test_an_engine_of_another_release_is_understood(first: SharedRegistry, redis: RedisConfig) -> None:
    waiting, ended, cache = uuid4(), uuid4(), Cache(redis)
    await cache.set(registration_key(waiting), {"caller": "+380671234567", "news": 1}, ttl=60)
    await cache.set(verdict_key(ended), {"next": "elsewhere"}, ttl=60)
    await cache.aclose()
    taken = await first.claim(waiting)
    assert taken is not None
    assert (taken.caller, taken.called, taken.briefing_of) == ("+380671234567", "", None)
    assert await first.next(ended) == Verdict("operator")
