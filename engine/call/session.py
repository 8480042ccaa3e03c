"""The session of a call in Redis: `call_session:{uuid}`, so that any engine, or a person, can see a call in progress.

From memory when Redis is away: a call never waits for it and never ends because of it. Only the newest document
matters, so a slow Redis costs writes, not time.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import trio

from engine import metrics
from engine.cache import Cache
from engine.errors import CacheError
from engine.log import get_logger

log = get_logger("session")

type Document = Mapping[str, Any]


def key(call_id: UUID) -> str:
    return f"call_session:{call_id}"


class SessionStore:
    """Reads and writes session documents; falls back to this process's memory."""

    def __init__(self, cache: Cache, ttl: int) -> None:
        self._cache = cache
        self._ttl = ttl
        self._memory: dict[UUID, Document] = {}

    async def save(self, call_id: UUID, document: Document) -> None:
        self._memory[call_id] = document
        try:
            await self._cache.set(key(call_id), document, ttl=self._ttl)
        except CacheError as error:
            metrics.SESSION_ERRORS.inc()
            log.warning("session_not_saved", error=str(error))

    async def load(self, call_id: UUID) -> Document | None:
        """From Redis, else from memory, else None."""
        try:
            document = await self._cache.get(key(call_id))
        except CacheError:
            metrics.SESSION_ERRORS.inc()
            document = None
        return document or self._memory.get(call_id)

    async def remove(self, call_id: UUID) -> None:
        self._memory.pop(call_id, None)
        try:
            await self._cache.delete(key(call_id))
        except CacheError:
            metrics.SESSION_ERRORS.inc()


class SessionKeeper:
    """One call's writer: `update` at any time, `run` writes the newest document as fast as Redis takes it."""

    def __init__(self, store: SessionStore, call_id: UUID) -> None:
        self._store = store
        self._call_id = call_id
        self._newest: Document | None = None
        self._wake = trio.Event()

    def update(self, document: Document) -> None:
        self._newest = document
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            if (document := self._newest) is not None:
                await self._store.save(self._call_id, document)

    async def remove(self) -> None:
        await self._store.remove(self._call_id)
