"""The session of a call in Redis: `call_session:{uuid}`, so that any engine, or a person, can see a call in progress.

From memory when Redis is away: a call never waits for it and never ends because of it. Only the newest document
matters, so a slow Redis costs writes, not time.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import trio

from engine import metrics
from engine.cache import Cache
from engine.errors import CacheError
from engine.log import get_logger
from engine.pbx.shared_registry import SHARED_PREFIXES

log = get_logger("session")

type Document = Mapping[str, Any]


_PREFIX: Final = "call_session:"


def key(call_id: UUID) -> str:
    return f"{_PREFIX}{call_id}"


async def erase_sessions(cache: Cache, call_ids: Collection[UUID], is_his: Callable[[Document], bool]) -> int:
    """Remove the sessions of those calls, with what engines tell each other of them, and every other document that
    `is_his`; how many there were. Raises `CacheError`."""
    his = {str(call_id) for call_id in call_ids}
    names = [name for prefix in (_PREFIX, *SHARED_PREFIXES) for name in await cache.keys(prefix)]
    found = [name for name in names if name.rpartition(":")[2] in his or is_his(await cache.get(name) or {})]
    for name in found:
        await cache.delete(name)
    return len(found)


class SessionStore:
    """Reads and writes session documents; falls back to this process's memory."""

    def __init__(self, cache: Cache, ttl: int) -> None:
        self._cache = cache
        self._ttl = ttl
        self._memory: dict[UUID, Document] = {}

    async def save(self, call_id: UUID, document: Document) -> None:
        self._memory[call_id] = document
        if self._cache.configured:
            with _memory_will_do("save"):
                await self._cache.set(key(call_id), document, ttl=self._ttl)

    async def load(self, call_id: UUID) -> Document | None:
        """From Redis, else from memory, else None."""
        document: Document | None = None
        if self._cache.configured:
            with _memory_will_do("load"):
                document = await self._cache.get(key(call_id))
        return document or self._memory.get(call_id)

    async def every(self) -> dict[UUID, Document]:
        """Of all calls in progress: of every engine there is in Redis, else of this process."""
        found: dict[UUID, Document] = {}
        if self._cache.configured:
            with _memory_will_do("list"):
                names = await self._cache.keys(_PREFIX)
                documents = await self._cache.get_all(names) if names else []
                found = {UUID(name.removeprefix(_PREFIX)): document
                         for name, document in zip(names, documents, strict=True) if document}  # fmt: skip
        return found | self._memory

    async def remove(self, call_id: UUID) -> None:
        self._memory.pop(call_id, None)
        if self._cache.configured:
            with _memory_will_do("remove"):
                await self._cache.delete(key(call_id))


@contextmanager
def _memory_will_do(what: str) -> Iterator[None]:
    try:
        yield
    except CacheError as error:
        metrics.SESSION_ERRORS.inc()
        log.warning("session_not_in_redis", operation=what, error=str(error))


class SessionKeeper:
    """One call's writer: `update` at any time, `run` writes the newest document as fast as Redis takes it."""

    def __init__(self, store: SessionStore, call_id: UUID, facts: Document) -> None:
        """`facts`: what every document says of the call."""
        self._store = store
        self._facts = facts
        self._call_id = call_id
        self._newest: Document | None = None
        self._wake = trio.Event()

    def update(self, document: Document) -> None:
        self._newest = {**self._facts, **document}
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake = trio.Event()
            if (document := self._newest) is not None:
                # Shielded (the store bounds the wait): a write on its way when the call ends would come after the
                # removal, and leave the session of a call that is over.
                with trio.CancelScope(shield=True):
                    await self._store.save(self._call_id, document)
