"""One holder in the whole database: an advisory lock on a session of its own, with a lease.

PostgreSQL frees the lock when the session ends, so a holder that was killed is succeeded at once. One that hangs, or
is cut off, keeps nothing either: the server ends a session that has been silent for `lease` seconds, and the holder
says that it lives every quarter of that. Hearing nothing itself it gives up after half of it and the two seconds that
an unanswered statement is still given: before another can begin. (Needs PostgreSQL 14, and no pooler in between that
lends sessions out by the transaction.)
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import trio

from engine.database.pool import Database
from engine.database.session import Session
from engine.database.statements import Runner, Statements
from engine.errors import DatabaseError, LockLost

LEASE_SECONDS: Final = 20.0
_UNLOCK_SECONDS: Final = 1.0
_HOLDER: Final = """
    SELECT client_addr::text AS address, backend_start AS since
    FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid = %s AND objid::bigint = hashtext(%s)::bigint & 4294967295
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_CLASS: Final = 0x63616C6C
"""First half of the key ("call"): keeps our names apart from the locks of others in the same database."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever has a lock: from where, None on this machine's own socket, and since when at the earliest."""

    address: str | None
    since: datetime | None


async def holder(runner: Runner, name: str) -> Holder | None:
    """Who has the lock `name`; None if nobody has. Raises `DatabaseError`."""
    rows = await runner.fetch(_HOLDER, [_CLASS, name])
    return Holder(**rows[0]) if rows else None


class HeldLock(Runner):
    """Ours as long as its session lives. Its work runs on that very session: what it writes was written by the holder,
    and a lock that is lost fails with `DatabaseError`."""

    def __init__(self, session: Session, lease: float) -> None:
        self._session = session
        self._lease = lease

    async def run[T](self, work: Callable[[Statements], T]) -> T:
        return await self._session.run(work)

    async def wait_lost(self) -> None:
        """Keep the lease; return when the lock is no longer known to be ours."""
        while True:
            await trio.sleep(self._lease / 4)
            with trio.move_on_after(self._lease / 4) as patience:
                try:
                    await self._session.execute("SELECT 1")
                except DatabaseError:
                    return
            if patience.cancelled_caught:
                return

    async def during[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, the lease kept meanwhile. Raises `LockLost` when the lock is lost before its end: it is
        cut short then, for another may have begun."""
        results: list[T] = []
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                await self.wait_lost()
                nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            try:
                results.append(await work())
            except Exception as error:  # noqa: BLE001 - raised below as it is, not in a group of one
                failure = error
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if not results:
            raise LockLost("the connection that held the lock is gone")
        return results[0]


@asynccontextmanager
async def try_lock(database: Database, name: str, *, lease: float = LEASE_SECONDS) -> AsyncGenerator[HeldLock | None]:
    """The lock `name`, or None if another holds it; freed at the end. Whoever holds it for long works `during` it.
    Raises `DatabaseError`."""
    async with database.session(statement_timeout_ms=int(lease * 250)) as session:
        await session.execute("SELECT set_config('idle_session_timeout', %s, false)", [f"{lease * 1000:.0f}ms"])
        rows = await session.fetch("SELECT pg_try_advisory_lock(%s, hashtext(%s)) AS ours", [_CLASS, name])
        yield HeldLock(session, lease) if rows[0]["ours"] else None
        # a session's end reaches the server a little later than ours goes on; one cut off answers nothing at all
        with trio.move_on_after(_UNLOCK_SECONDS), suppress(DatabaseError):
            await session.execute("SELECT pg_advisory_unlock_all()")
