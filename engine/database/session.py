"""A connection beside the pool's, kept from beginning to end: for what lasts as long as its session (an advisory
lock), and for statements that may take longer than a call has patience."""

from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Self

import psycopg
import trio

from engine.config import DatabaseConfig
from engine.database.connections import adapt, settings
from engine.database.statements import Connection, Runner, Statements
from engine.database.threads import run_in_thread
from engine.errors import DatabaseAway


class Session(Runner):
    """Open between `__aenter__` and `__aexit__`. Autocommit outside `transaction`. One piece of work at a time: a
    second waits for the first. A session that was lost stays lost, and all it held with it."""

    def __init__(self, config: DatabaseConfig, *, statement_timeout_ms: int) -> None:
        """`statement_timeout_ms`: 0 for as long as it takes."""
        self._url = config.url.get_secret_value()
        self._settings = settings(statement_timeout_ms)
        self._limiter = trio.CapacityLimiter(1)
        self._connection: Connection

    async def __aenter__(self) -> Self:
        try:  # not abandoned when cancelled: nobody would close the connection; the attempt is bounded
            self._connection = await trio.to_thread.run_sync(self._connect)
        except psycopg.Error as error:
            raise DatabaseAway(str(error).partition("\n")[0]) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._connection.close)

    async def run[T](self, work: Callable[[Statements], T]) -> T:
        return await run_in_thread(lambda: nullcontext(self._connection), work, self._limiter)

    def _connect(self) -> Connection:
        connection = psycopg.connect(self._url, **self._settings)
        adapt(connection)
        return connection
