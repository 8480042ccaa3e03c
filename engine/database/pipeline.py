"""Statements that go out together, on a connection of their own and without a thread: for what writes all the time
beside the media clock. A thread would cost it a change of hands at every answer; here an answer is one more event of
Trio's loop, and all the statements of a transaction are one round trip (libpq's pipeline mode, PostgreSQL's manual
§32.5).
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import psycopg
import trio
from psycopg import pq

from engine.config import DatabaseConfig
from engine.database.connections import settings
from engine.database.errors import as_ours
from engine.database.statements import Connection
from engine.errors import DatabaseAway

_DONE: Final = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY})

type Statement = tuple[LiteralString, Sequence[bytes]]
"""With `$1`, `$2` for its parameters, which are written as PostgreSQL reads them."""


class Pipeline:
    """From `Database.pipeline`, which ends it. Connects when first asked, and again when the connection was lost."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._url = config.url.get_secret_value()
        self._settings = settings(config.statement_timeout_ms, synchronous_commit="on")  # whatever its own habit
        self._taken = trio.Lock()
        self._connection: Connection | None = None

    async def write(self, statements: Sequence[Statement]) -> None:
        """All of them or none, durable when it returns. What was lost on its way is sent again: only for what may be
        repeated. One after the other. Raises `DatabaseError`; cancelled, whether it was written stays unknown."""
        async with self._taken:
            kept = self._connection is not None
            try:
                await self._write(statements)
            except DatabaseAway:
                if not kept or self._connection is not None:
                    raise
                await self._write(statements)  # the server went away since the last time, and may have come back

    def close(self) -> None:
        """Not while something is being written."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _write(self, statements: Sequence[Statement]) -> None:
        with as_ours():
            if self._connection is None:
                self._connection = await _connected(self._url, self._settings)
            try:
                await _send(self._connection.pgconn, statements)
                refused = await _answers(self._connection.pgconn)
            except BaseException:  # nobody knows where in the middle it is
                self.close()
                raise
            if refused is not None:
                raise refused


async def _connected(url: str, arguments: Mapping[str, Any]) -> Connection:
    """In a thread, for it may wait for a name. A cancelled caller leaves at once, and what is connected for nobody is
    closed again."""
    left = threading.Event()

    def connect() -> Connection:
        connection: Connection = psycopg.connect(url, **arguments)
        if left.is_set():
            connection.close()
        return connection

    try:
        connection = await trio.to_thread.run_sync(connect, abandon_on_cancel=True)
    except trio.Cancelled:
        left.set()
        raise
    connection.pgconn.nonblocking = 1
    return connection


async def _send(connection: pq.abc.PGconn, statements: Sequence[Statement]) -> None:
    connection.enter_pipeline_mode()
    for query, parameters in statements:
        connection.send_query_params(query.encode(), parameters)
        await trio.lowlevel.checkpoint()  # frames may be due
    connection.pipeline_sync()
    while connection.flush():
        await trio.lowlevel.wait_writable(connection.socket)


async def _answers(connection: pq.abc.PGconn) -> psycopg.Error | None:
    """Up to the end of the transaction, so that the next one finds the connection as it was. Gives the first error."""
    refused: psycopg.Error | None = None
    while True:
        while connection.is_busy():
            await trio.lowlevel.wait_readable(connection.socket)
            connection.consume_input()
        result = connection.get_result()
        if connection.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(connection.get_error_message())
        if result is None:  # between two statements
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            connection.exit_pipeline_mode()
            return refused
        if result.status not in _DONE and refused is None:
            refused = psycopg.errors.error_from_result(result)
