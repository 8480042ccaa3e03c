"""Statements that go out together without a thread, against a real PostgreSQL."""

import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, Pipeline
from engine.errors import DatabaseAway, DatabaseError, DataRefused, SchemaError
from ops.embedded.postgres import EmbeddedPostgres

ADD = "INSERT INTO kept SELECT $1, pg_backend_pid(), current_setting('synchronous_commit')"
SLOW = "SELECT pg_sleep(60) /* ours */"


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), statement_timeout_ms=300)) as database:
        await database.wait_available(10)
        await database.execute("DROP TABLE IF EXISTS kept")
        await database.execute("CREATE TABLE kept (word text PRIMARY KEY, by int, commits text)")
        yield database


async def words(database: Database) -> list[str]:
    return [row["word"] for row in await database.fetch("SELECT word FROM kept ORDER BY word")]


async def test_what_is_written_is_there_and_durable_whatever_the_servers_habit(database: Database) -> None:
    """An embedded server commits without waiting for the disk."""
    await database.pipeline().write([(ADD, ["один".encode()]), (ADD, ["два".encode()])])
    assert await words(database) == ["два", "один"]
    assert await database.fetch("SELECT DISTINCT commits FROM kept") == [{"commits": "on"}]


async def test_all_or_none_and_the_connection_is_good_afterwards(database: Database) -> None:
    pipeline = database.pipeline()
    await pipeline.write([(ADD, [b"first"])])
    with pytest.raises(DataRefused, match="duplicate key"):
        await pipeline.write([(ADD, [b"second"]), (ADD, [b"first"]), (ADD, [b"third"])])
    with pytest.raises(SchemaError, match="no_such_table"):
        await pipeline.write([(ADD, [b"second"]), ("INSERT INTO no_such_table VALUES (1)", [])])
    await pipeline.write([(ADD, [b"fourth"])])
    assert await words(database) == ["first", "fourth"]
    assert len(await database.fetch("SELECT DISTINCT by FROM kept")) == 1


async def test_more_than_a_socket_takes_at_once(database: Database) -> None:
    long = b"x" * 3_000_000
    await database.execute("ALTER TABLE kept DROP CONSTRAINT kept_pkey")
    await database.pipeline().write([(ADD, [long]), (ADD, [long])])
    assert await database.fetch("SELECT sum(length(word)) AS n FROM kept") == [{"n": 6_000_000}]


async def test_a_server_that_takes_too_long_counts_as_away(database: Database) -> None:
    pipeline = database.pipeline()
    await pipeline.write([(ADD, [b"before"])])
    with trio.fail_after(5), pytest.raises(DatabaseAway, match="timeout"):
        await pipeline.write([(ADD, [b"with"]), (SLOW, [])])
    await pipeline.write([(ADD, [b"after"])])
    assert await words(database) == ["after", "before"]


async def test_a_cancelled_writer_leaves_at_once_and_its_half_is_not_taken_for_the_next_ones(
    server: EmbeddedPostgres, database: Database
) -> None:
    async with Database(DatabaseConfig(url=SecretStr(server.url), statement_timeout_ms=0)) as patient:
        pipeline = patient.pipeline()
        with trio.fail_after(1), trio.move_on_after(0.2) as scope:
            await pipeline.write([(ADD, [b"half"]), (SLOW, [])])
        assert scope.cancelled_caught
        await pipeline.write([(ADD, [b"whole"])])
    await database.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%/* ours%'"
                         " AND pid <> pg_backend_pid()")  # fmt: skip
    assert await words(database) == ["whole"]


async def test_a_connection_that_died_meanwhile_is_made_anew(database: Database) -> None:
    pipeline = database.pipeline()
    await pipeline.write([(ADD, [b"before"])])
    await database.fetch("SELECT pg_terminate_backend(by) FROM kept")
    await trio.sleep(0.1)
    await pipeline.write([(ADD, [b"after"])])
    assert await words(database) == ["after", "before"]


async def test_one_after_the_other(database: Database) -> None:
    pipeline = database.pipeline()
    async with trio.open_nursery() as nursery:
        for n in range(10):
            nursery.start_soon(pipeline.write, [(ADD, [b"%d" % n])])
    assert await words(database) == [str(n) for n in range(10)]


async def test_no_server_is_known_at_once() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        pipeline = Pipeline(DatabaseConfig(url=SecretStr(f"postgresql://x@127.0.0.1:{bound.getsockname()[1]}/x")))
        with trio.fail_after(1), pytest.raises(DatabaseAway, match="refused"):
            await pipeline.write([(ADD, [b"nowhere"])])


async def test_a_server_that_says_nothing_keeps_nobody() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        pipeline = Pipeline(DatabaseConfig(url=SecretStr(f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/x")))
        with trio.fail_after(1), trio.move_on_after(0.1) as scope:
            await pipeline.write([(ADD, [b"nowhere"])])
        assert scope.cancelled_caught


async def test_what_is_no_database_at_all_is_an_error_of_ours() -> None:
    with pytest.raises(DatabaseError):
        await Pipeline(DatabaseConfig(url=SecretStr("postgresql://%zz"))).write([(ADD, [b"nowhere"])])
