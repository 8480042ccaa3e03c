"""The pool, against a real PostgreSQL."""

import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, Statements
from engine.database.connections import WIDTHS
from engine.errors import DatabaseAway, DatabaseError
from ops.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(folder / "postgres") as server:
        yield server


def config(url: str, **settings: int) -> DatabaseConfig:
    return DatabaseConfig(url=SecretStr(url), **settings)


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(config(server.url, pool_size=2, statement_timeout_ms=3000)) as database:
        assert await database.wait_available(5)
        yield database


async def test_rows_come_as_dicts_and_dicts_go_as_jsonb(database: Database) -> None:
    document = {"size": "205/55 R16", "note": "зимові", "n": [1, 2]}
    assert await database.fetch("SELECT %s AS a, %s::text AS b", [document, "x"]) == [{"a": document, "b": "x"}]


async def test_dates_are_read_alike_whatever_the_database_is_used_to(
    server: EmbeddedPostgres, database: Database
) -> None:
    """What the catalogue says of partitions is read by its look."""
    await database.execute("ALTER DATABASE callctl SET datestyle = 'SQL, DMY'")
    try:
        async with Database(config(server.url)) as fresh:
            assert await fresh.wait_available(5)
            assert await fresh.fetch("SELECT '2026-11-30'::date::text AS day") == [{"day": "2026-11-30"}]
    finally:
        await database.execute("ALTER DATABASE callctl RESET datestyle")


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    await database.execute("CREATE TABLE IF NOT EXISTS t (n integer PRIMARY KEY)")

    def half(statements: Statements) -> None:
        statements.execute("INSERT INTO t VALUES (1)")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transaction(half)
    assert await database.fetch("SELECT * FROM t") == []
    await database.execute_many("INSERT INTO t VALUES (%s)", [[1], [2], [3]])
    with pytest.raises(DatabaseError):
        await database.execute_many("INSERT INTO t VALUES (%s)", [[4], [3]])
    assert await database.fetch("SELECT count(*) AS n FROM t") == [{"n": 3}]
    assert await database.execute("DELETE FROM t WHERE n > %s", [1]) == 2


async def test_a_refusal_is_not_an_absence(database: Database) -> None:
    with pytest.raises(DatabaseError) as caught:
        await database.fetch("SELECT no_such_column")
    assert not isinstance(caught.value, DatabaseAway)
    assert database.available


async def test_the_statement_timeout_holds(server: EmbeddedPostgres) -> None:
    async with Database(config(server.url, statement_timeout_ms=100)) as database:
        with pytest.raises(DatabaseAway):
            await database.fetch("SELECT pg_sleep(60)")
        assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]


async def test_a_session_searches_as_wide_as_it_was_told(server: EmbeddedPostgres) -> None:
    """Told before the extensions are there, in force when they are."""
    async with Database(config(server.url)) as database, database.session() as session:
        for runner in (database, session):
            await runner.execute("CREATE EXTENSION IF NOT EXISTS vector; CREATE EXTENSION IF NOT EXISTS pg_trgm")
            await runner.fetch("SELECT '[1]'::vector, 'a' % 'b'")
            for name, value in WIDTHS.items():
                [row] = await runner.fetch("SELECT setting::float FROM pg_settings WHERE name = %s", [name])
                assert row["setting"] == value


async def test_a_cancelled_caller_leaves_and_so_does_its_statement(database: Database) -> None:
    with trio.fail_after(2), trio.move_on_after(0.1) as scope:
        await database.fetch("SELECT pg_sleep(60) /* mine */")
    assert scope.cancelled_caught
    running = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%/* mine%%'"
    with trio.fail_after(2):
        while (await database.fetch(running + " AND pid <> pg_backend_pid() AND %s", [True])) != [{"n": 0}]:  # noqa: ASYNC110 (PostgreSQL has no event for it)
            await trio.sleep(0.01)


async def test_no_more_threads_than_connections(database: Database) -> None:
    working = most = 0
    lock = threading.Lock()

    def work(statements: Statements) -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        statements.fetch("SELECT pg_sleep(0.02)")
        with lock:
            working -= 1

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(database.run, work)
    assert most == 2


async def test_a_database_that_is_down_does_not_hold_anybody_up_and_may_come_later(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "late")
    with trio.fail_after(10):
        async with Database(config(server.url)) as database:
            assert not database.available
            with pytest.raises(DatabaseAway):
                await database.fetch("SELECT 1")
            await trio.to_thread.run_sync(server.start)
            try:
                assert await database.wait_available(5)
                assert database.available
                await trio.to_thread.run_sync(server.stop)
                with pytest.raises(DatabaseAway):
                    await database.fetch("SELECT 1")
                assert not database.available
                await trio.to_thread.run_sync(server.start)
                assert await database.wait_available(8)
            finally:
                await trio.to_thread.run_sync(server.stop)
