"""What work may do with a connection, and what one asks of whoever has connections: the same verbs everywhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

type Row = dict[str, Any]
type Parameters = Sequence[Any] | Mapping[str, Any]
type Names = Mapping[str, str | int]
type Connection = psycopg.Connection[Row]


class Statements:
    """What work in a thread may do with its connection. Every method blocks.

    `names` are identifiers (of partitions, say) put quoted in place of `{name}` in the query, or whole numbers where
    PostgreSQL takes no parameter (`vector({dimensions})`); without them braces are ordinary text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetch(
        self, query: LiteralString, parameters: Parameters = (), *, names: Names | None = None, once: bool = False
    ) -> list[Row]:
        """All rows, each a dict by column. `once`: planned for these parameters, for no plan does for all."""
        prepare = False if once else None
        return self._connection.execute(_named(query, names), parameters or None, prepare=prepare).fetchall()

    def execute(self, query: LiteralString, parameters: Parameters = (), *, names: Names | None = None) -> int:
        """Run a statement, or several without parameters; the number of rows touched by the last."""
        return self._connection.execute(_named(query, names), parameters or None).rowcount

    def execute_many(self, query: LiteralString, rows: Sequence[Parameters]) -> None:
        """Run a statement once for each row, in one round trip."""
        with self._connection.cursor() as cursor:
            cursor.executemany(query, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing. May be nested (a savepoint)."""
        with self._connection.transaction():
            yield


class Runner(ABC):
    """Runs work in threads. Every method raises `DatabaseError`."""

    @abstractmethod
    async def run[T](self, work: Callable[[Statements], T]) -> T:
        """Run `work` in a thread, in autocommit."""

    async def fetch(
        self, query: LiteralString, parameters: Parameters = (), *, names: Names | None = None
    ) -> list[Row]:
        """All rows, each a dict by column."""
        return await self.run(lambda statements: statements.fetch(query, parameters, names=names))

    async def execute(self, query: LiteralString, parameters: Parameters = (), *, names: Names | None = None) -> int:
        """Run a statement; the number of rows it touched."""
        return await self.run(lambda statements: statements.execute(query, parameters, names=names))

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


def _named(query: LiteralString, names: Names | None) -> LiteralString | Composed:
    if names is None:
        return query
    return SQL(query).format(**{
        name: Identifier(value) if isinstance(value, str) else Literal(value) for name, value in names.items()
    })  # fmt: skip
