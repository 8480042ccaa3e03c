"""Work in a thread on a connection, and how to stop it: a cancelled caller leaves at once, and his statement is
cancelled at the server from another thread."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final

import psycopg
import trio

from engine.database.errors import as_ours
from engine.database.statements import Connection, Statements

_CANCEL_SECONDS: Final = 2.0

type Connect = Callable[[], AbstractContextManager[Connection]]


async def run_in_thread[T](connect: Connect, work: Callable[[Statements], T], limiter: trio.CapacityLimiter) -> T:
    """Run `work` on the connection that `connect` lends. Raises `DatabaseAway` where asking again may help, else
    `DatabaseError`."""
    job = _Job(connect)
    with as_ours():
        try:
            return await trio.to_thread.run_sync(job.run, work, abandon_on_cancel=True, limiter=limiter)
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(job.cancel)
            raise


class _Job:
    """One piece of work in a thread, and how to stop it from another.

    The lock makes sure that the connection cancelled is still ours, not one that went back to the pool."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._cancelled = False

    def run[T](self, work: Callable[[Statements], T]) -> T:
        with self._connect() as connection:
            with self._lock:
                if self._cancelled:
                    raise psycopg.errors.QueryCanceled("cancelled before it began")
                self._connection = connection
            try:
                return work(Statements(connection))
            finally:
                with self._lock:
                    self._connection = None

    def cancel(self) -> None:
        with self._lock, suppress(psycopg.OperationalError):  # cut off from the server we cannot: it will find out
            self._cancelled = True
            if self._connection is not None:
                self._connection.cancel_safe(timeout=_CANCEL_SECONDS)
