"""Connections, and the threads that may wait on them.

psycopg has no Trio support, so its synchronous pool is used from worker threads, never more of them than there are
connections. A database that is away is a state, not an accident: opening never waits for it, the pool keeps trying
behind our back, and work fails fast with `DatabaseAway` meanwhile.
"""

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self

import psycopg
import trio
from psycopg_pool import ConnectionPool

from engine.config import DatabaseConfig
from engine.database.connections import adapt, settings
from engine.database.pipeline import Pipeline
from engine.database.session import Session
from engine.database.statements import Connection, Row, Runner, Statements
from engine.database.threads import run_in_thread
from engine.errors import DatabaseAway

_WAIT_FOR_CONNECTION: Final = 2.0
_WAIT_WHILE_AWAY: Final = 0.25
"""While the database is known to be away, work waits only this long (seconds) for its return."""
_RECONNECT_SECONDS: Final = 1.0
"""The pool's own attempts back off exponentially up to this; afterwards each new request starts afresh."""
_CLOSE_SECONDS: Final = 2.0


class Database(Runner):
    """A pool of connections, open between `__aenter__` and `__aexit__`. Autocommit outside `transaction`."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._pool = ConnectionPool(
            config.url.get_secret_value(),
            connection_class=psycopg.Connection[Row],
            kwargs=settings(config.statement_timeout_ms),
            min_size=1,
            max_size=config.pool_size,
            open=False,
            configure=self._connected,
            check=ConnectionPool.check_connection,
            reconnect_timeout=_RECONNECT_SECONDS,
            reconnect_failed=self._lost,
        )
        self._config = config
        self._limiter = trio.CapacityLimiter(config.pool_size)
        self._pipelines = list[Pipeline]()
        self.available = False
        """Whether the last thing heard of the database was good."""

    async def __aenter__(self) -> Self:
        self._pool.open(wait=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipeline in self._pipelines:
            pipeline.close()
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._pool.close, _CLOSE_SECONDS)

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

    def session(self, *, statement_timeout_ms: int = 0) -> Session:
        """A connection of its own beside the pool's, to be entered; its statements take at most so many milliseconds,
        or as long as they take (0)."""
        return Session(self._config, statement_timeout_ms=statement_timeout_ms)

    def pipeline(self) -> Pipeline:
        """For what is written all the time: a connection of its own beside the pool's, without threads."""
        self._pipelines.append(Pipeline(self._config))
        return self._pipelines[-1]

    async def run[T](self, work: Callable[[Statements], T]) -> T:
        """Run `work` in a thread on a connection of the pool, in autocommit."""
        connect = partial(self._pool.connection, _WAIT_FOR_CONNECTION if self.available else _WAIT_WHILE_AWAY)
        try:
            result = await run_in_thread(connect, work, self._limiter)
        except DatabaseAway:
            self.available = False
            raise
        self.available = True
        return result

    def _connected(self, connection: Connection) -> None:
        """Called by the pool's thread for each new connection."""
        adapt(connection)
        self.available = True

    def _lost(self, _pool: ConnectionPool[Connection]) -> None:
        """Called by the pool's thread when it gives up reconnecting."""
        self.available = False
