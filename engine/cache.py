"""Small JSON documents in Redis (or Valkey), hidden: above this module nobody knows redis-py.

A call must not wait for a cache: an operation takes at most `config.timeout`, and after one that failed the cache is
away for a few seconds, during which it refuses at once and asks nobody.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import redis
import trio
from redis.backoff import NoBackoff
from redis.retry import Retry

from engine.config import RedisConfig
from engine.errors import CacheError

_AWAY_SECONDS: Final = 5.0
_THREADS: Final = 8


class Cache:
    """JSON documents by key. Every operation raises `CacheError`, and none takes longer than the timeout."""

    def __init__(
        self, config: RedisConfig, *, timeout: float | None = None, away_seconds: float = _AWAY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`timeout` (s): where the configured one is more than somebody may wait."""
        url = config.url.get_secret_value()
        self._timeout = min(config.timeout, timeout or config.timeout)
        self._client: redis.Redis | None = None
        if url:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=self._timeout,
                socket_connect_timeout=self._timeout,
                retry=Retry(NoBackoff(), 0),
                max_connections=_THREADS,
            )
        self._away_seconds = away_seconds
        self._clock = clock
        self._away_until = clock()
        self._limiter = trio.CapacityLimiter(_THREADS)

    @property
    def configured(self) -> bool:
        """Whether there is a Redis to ask at all."""
        return self._client is not None

    @property
    def available(self) -> bool:
        """Whether an operation would be tried now."""
        return self.configured and self._clock() >= self._away_until

    async def get(self, key: str) -> Any:
        """The document under `key`, None if there is none."""
        return _document(key, await self._ask(lambda client: client.get(key)))

    async def get_all(self, keys: Sequence[str]) -> list[Any]:
        """The documents under `keys` (at least one), None for each there is none of."""
        raws = await self._ask(lambda client: client.mget(keys))
        return [_document(key, raw) for key, raw in zip(keys, raws, strict=True)]

    async def set(self, key: str, document: Any, *, ttl: int) -> None:
        """Put a document under `key` for `ttl` seconds."""
        raw = json.dumps(document, ensure_ascii=False)
        await self._ask(lambda client: client.set(key, raw, ex=ttl))

    async def add(self, key: str, document: Any, *, ttl: int) -> None:
        """As `set`, but what is there already stays."""
        raw = json.dumps(document, ensure_ascii=False)
        await self._ask(lambda client: client.set(key, raw, ex=ttl, nx=True))

    async def exchange(self, key: str, document: Any, *, ttl: int) -> Any:
        """Replace the document under `key`, and answer the one it was; where there is none, None, and none is put. In
        one step: of two who exchange, one gets the first document, the other the first one's."""
        raw = json.dumps(document, ensure_ascii=False)
        return _document(key, await self._ask(lambda client: client.set(key, raw, ex=ttl, xx=True, get=True)))

    async def delete(self, key: str) -> None:
        """Remove the document under `key`, if any."""
        await self._ask(lambda client: client.delete(key))

    async def keys(self, prefix: str) -> list[str]:
        """Every key that begins with `prefix` (no pattern)."""
        found: list[str] = await self._ask(
            lambda client: [key.decode() for key in client.scan_iter(match=f"{prefix}*", count=500)]
        )
        return found

    async def ping(self) -> None:
        """Return if Redis answers."""
        await self._ask(lambda client: client.ping())

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await trio.to_thread.run_sync(self._client.close)

    async def _ask(self, question: Callable[[redis.Redis], Any]) -> Any:
        if self._client is None:
            raise CacheError("no Redis is configured: set REDIS_URL")
        if not self.available:
            raise CacheError("away")
        try:
            with trio.fail_after(self._timeout):
                ask = partial(question, self._client)
                return await trio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._limiter)
        except (redis.RedisError, OSError, trio.TooSlowError) as error:
            self._away_until = self._clock() + self._away_seconds
            raise CacheError(str(error) or "no answer in time") from error


def _document(key: str, raw: bytes | None) -> Any:
    try:
        return None if raw is None else json.loads(raw)
    except ValueError as error:
        raise CacheError(f"{key} holds no JSON") from error
