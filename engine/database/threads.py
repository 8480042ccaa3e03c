"""Work in a thread on a connection, and how to stop it: a cancelled caller leaves at once, and his statement is
cancelled at the server from another thread. psycopg's errors end here."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final

import psycopg
import trio

from engine.database.statements import Connection, Statements
from engine.errors import DatabaseAway, DatabaseError, DataRefused, SchemaError

_CANCEL_SECONDS: Final = 2.0
_PASSING: Final = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that may pass: connection, conflict, resources, locks, operator intervention, I/O."""
_STRANGE_SCHEMA: Final = (
    psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction
)  # fmt: skip

type Connect = Callable[[], AbstractContextManager[Connection]]


async def run_in_thread[T](connect: Connect, work: Callable[[Statements], T], limiter: trio.CapacityLimiter) -> T:
    """Run `work` on the connection that `connect` lends. Raises `DatabaseAway` where asking again may help, else
    `DatabaseError`."""
    job = _Job(connect)
    try:
        return await trio.to_thread.run_sync(job.run, work, abandon_on_cancel=True, limiter=limiter)
    except trio.Cancelled:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(job.cancel)
        raise
    except psycopg.OperationalError as error:  # includes the pool's timeout and the server's own
        raise (DatabaseAway if _away(error) else DatabaseError)(_first_line(error)) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise DataRefused(_first_line(error)) from error
    except _STRANGE_SCHEMA as error:
        raise SchemaError(f"{_first_line(error)}: not this version's tables, run `callctl db migrate`") from error
    except psycopg.Error as error:
        raise DatabaseError(_first_line(error)) from error


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


def _away(error: psycopg.OperationalError) -> bool:
    """No SQLSTATE: the connection itself failed."""
    return error.sqlstate is None or error.sqlstate[:2] in _PASSING


def _first_line(error: psycopg.Error) -> str:
    """Without DETAIL lines, which quote the row."""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return (str(error).partition("\n")[0] or type(error).__name__) + state
