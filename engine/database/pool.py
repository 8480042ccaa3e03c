"""Connections, and the threads that may wait on them.

psycopg has no Trio support, so its synchronous pool is used from worker threads, never more of them than there are
connections. A cancelled caller leaves at once; its statement is cancelled at the server from another thread. A
database that is away is a state, not an accident: opening never waits for it, the pool keeps trying behind our
back, and work fails fast with `DatabaseAway` meanwhile.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, LiteralString, Self

import psycopg
import trio
from psycopg.rows import dict_row
from psycopg.types.json import JsonbDumper, set_json_dumps
from psycopg_pool import ConnectionPool

from engine.config import DatabaseConfig
from engine.errors import DatabaseAway, DatabaseError

type Row = dict[str, Any]
type Parameters = Sequence[Any] | Mapping[str, Any]
type _Connection = psycopg.Connection[Row]

_WAIT_FOR_CONNECTION: Final = 2.0
_WAIT_WHILE_AWAY: Final = 0.25
"""While the database is known to be away, work waits only this long (seconds) for its return."""
_CONNECT_SECONDS: Final = 3
_RECONNECT_SECONDS: Final = 1.0
"""The pool's own attempts back off exponentially up to this; afterwards each new request starts afresh."""
_CANCEL_SECONDS: Final = 2.0
_PASSING: Final = frozenset({"08", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that may pass: connection, conflict, resources, locks, operator intervention, I/O."""


class Statements:
    """What work in a thread may do with its connection. Every method blocks."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def fetch(self, query: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """All rows, each a dict by column."""
        return self._connection.execute(query, parameters or None).fetchall()

    def execute(self, query: LiteralString, parameters: Parameters = ()) -> int:
        """Run a statement, or several without parameters; the number of rows touched by the last."""
        return self._connection.execute(query, parameters or None).rowcount

    def execute_many(self, query: LiteralString, rows: Sequence[Parameters]) -> None:
        """Run a statement once for each row, in one round trip."""
        with self._connection.cursor() as cursor:
            cursor.executemany(query, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing. May be nested (a savepoint)."""
        with self._connection.transaction():
            yield


class Database:
    """A pool of connections, open between `__aenter__` and `__aexit__`. Autocommit outside `transaction`."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._pool = ConnectionPool(
            config.url.get_secret_value(),
            connection_class=psycopg.Connection[Row],
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "callctl",
                "options": f"-c statement_timeout={config.statement_timeout_ms} -c timezone=UTC",
            },
            min_size=1,
            max_size=config.pool_size,
            open=False,
            configure=self._connected,
            check=ConnectionPool.check_connection,
            reconnect_timeout=_RECONNECT_SECONDS,
            reconnect_failed=self._lost,
        )
        self._limiter = trio.CapacityLimiter(config.pool_size)
        self.available = False
        """Whether the last thing heard of the database was good."""

    async def __aenter__(self) -> Self:
        self._pool.open(wait=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._pool.close, _CANCEL_SECONDS)

    async def wait_available(self, timeout: float) -> bool:
        """Wait until the database answers, at most `timeout` seconds. False: it does not."""
        deadline = trio.current_time() + timeout
        while trio.current_time() < deadline:
            try:
                await self.fetch("SELECT 1")
            except DatabaseAway:
                await trio.sleep(0.05)
            else:
                return True
        return False

    async def fetch(self, query: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """All rows, each a dict by column. Raises `DatabaseError`, as do all below."""
        return await self.run(lambda statements: statements.fetch(query, parameters))

    async def execute(self, query: LiteralString, parameters: Parameters = ()) -> int:
        """Run a statement; the number of rows it touched."""
        return await self.run(lambda statements: statements.execute(query, parameters))

    async def execute_many(self, query: LiteralString, rows: Sequence[Parameters]) -> None:
        """Run a statement once for each row, all or nothing."""
        await self.transaction(lambda statements: statements.execute_many(query, rows))

    async def transaction[T](self, work: Callable[[Statements], T]) -> T:
        """Run `work` in a thread, in one transaction. It must be free of side effects of its own: when the caller is
        cancelled, whether the transaction was committed stays unknown."""

        def in_transaction(statements: Statements) -> T:
            with statements.transaction():
                return work(statements)

        return await self.run(in_transaction)

    async def run[T](self, work: Callable[[Statements], T]) -> T:
        """Run `work` in a thread on a connection of its own, in autocommit."""
        job = _Job(self._pool, _WAIT_FOR_CONNECTION if self.available else _WAIT_WHILE_AWAY)
        try:
            result = await trio.to_thread.run_sync(job.run, work, abandon_on_cancel=True, limiter=self._limiter)
        except trio.Cancelled:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(job.cancel)
            raise
        except psycopg.OperationalError as error:  # includes the pool's timeout and the server's own
            self.available = not _away(error)
            raise (DatabaseError if self.available else DatabaseAway)(_first_line(error)) from error
        except psycopg.Error as error:
            raise DatabaseError(_first_line(error)) from error
        self.available = True
        return result

    def _connected(self, connection: _Connection) -> None:
        """Called by the pool's thread for each new connection."""
        connection.adapters.register_dumper(dict, JsonbDumper)
        set_json_dumps(_dumps, connection)
        self.available = True

    def _lost(self, _pool: ConnectionPool[_Connection]) -> None:
        """Called by the pool's thread when it gives up reconnecting."""
        self.available = False


class _Job:
    """One piece of work in a thread, and how to stop it from another.

    The lock makes sure that the connection cancelled is still ours, not one that went back to the pool."""

    def __init__(self, pool: ConnectionPool[_Connection], patience: float) -> None:
        self._pool = pool
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._cancelled = False

    def run[T](self, work: Callable[[Statements], T]) -> T:
        with self._pool.connection(self._patience) as connection:
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
        with self._lock:
            self._cancelled = True
            if self._connection is not None:
                self._connection.cancel_safe(timeout=_CANCEL_SECONDS)


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _away(error: psycopg.OperationalError) -> bool:
    """No SQLSTATE: the connection itself failed."""
    return error.sqlstate is None or error.sqlstate[:2] in _PASSING


def _first_line(error: psycopg.Error) -> str:
    """Without DETAIL lines, which quote the row."""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return (str(error).partition("\n")[0] or type(error).__name__) + state
