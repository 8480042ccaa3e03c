"""The cache, against a real Valkey, and without one."""

import socket
import time

import pytest
import trio
from pydantic import SecretStr

from engine.cache import Cache
from engine.config import RedisConfig
from engine.errors import CacheError
from ops.embedded.valkey import EmbeddedValkey


def config(url: str, timeout: float = 1.0) -> RedisConfig:
    return RedisConfig(url=SecretStr(url), timeout=timeout)


async def test_documents_come_back_until_they_are_deleted(valkey: EmbeddedValkey) -> None:
    cache = Cache(config(valkey.url))
    await cache.ping()
    document = {"state": "listening", "слова": ["шини", 205, None]}
    await cache.set("call_session:1", document, ttl=1800)
    assert await cache.get("call_session:1") == document
    await cache.delete("call_session:1")
    assert await cache.get("call_session:1") is None
    await cache.aclose()


async def test_a_document_is_exchanged_once_and_only_where_there_is_one(valkey: EmbeddedValkey) -> None:
    cache = Cache(config(valkey.url))
    assert await cache.exchange("parcel", "taken", ttl=60) is None
    assert await cache.get("parcel") is None
    await cache.set("parcel", {"for": "one"}, ttl=60)
    got: list[object] = []

    async def take() -> None:
        got.append(await cache.exchange("parcel", "taken", ttl=60))

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(take)
    assert sorted(map(str, got)) == sorted([*["taken"] * 7, str({"for": "one"})])
    await cache.add("parcel", "another", ttl=60)
    assert await cache.get_all(["parcel", "nothing"]) == ["taken", None]
    await cache.add("nothing", "something", ttl=60)
    assert await cache.get_all(["nothing"]) == ["something"]
    await cache.aclose()


async def test_documents_expire(valkey: EmbeddedValkey) -> None:
    cache = Cache(config(valkey.url))
    await cache.set("short", 1, ttl=1)
    with trio.fail_after(5):
        while await cache.get("short") is not None:  # noqa: ASYNC110 (expiry is Valkey's, not ours)
            await trio.sleep(0.05)
    await cache.aclose()


async def test_without_a_url_it_says_so() -> None:
    cache = Cache(config(""))
    assert not cache.configured
    with pytest.raises(CacheError, match="REDIS_URL"):
        await cache.get("x")
    await cache.aclose()


async def test_a_redis_that_is_down_is_asked_once_in_a_while() -> None:
    now = 100.0
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    cache = Cache(config(f"redis://127.0.0.1:{port}"), clock=lambda: now)
    assert cache.available
    with pytest.raises(CacheError, match="refused"):
        await cache.ping()
    assert not cache.available
    with pytest.raises(CacheError, match="away"):
        await cache.ping()
    now += 5
    with pytest.raises(CacheError, match="refused"):
        await cache.ping()
    await cache.aclose()


async def test_a_redis_that_hangs_costs_one_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        cache = Cache(config(url, timeout=0.2))
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(CacheError):
                await cache.get("x")
        assert time.monotonic() - started < 2
    await cache.aclose()


async def test_a_cancelled_caller_leaves_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        cache = Cache(config(f"redis://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5))
        with trio.move_on_after(0.05) as scope:
            await cache.get("x")
        assert scope.cancelled_caught
        assert cache.available
    await cache.aclose()
