"""Migrations: the rules on files of our own, then the project's files."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate, require_current, status
from engine.errors import DatabaseError, SchemaError
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS

TABLES = {"calls", "call_turns", "call_tool_calls", "call_events", "llm_usage"}


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=2)) as database:
        assert await database.wait_available(5)
        await database.execute("DROP SCHEMA public CASCADE")
        await database.execute("CREATE SCHEMA public")
        yield database


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (n integer); INSERT INTO a VALUES (1);")
    (tmp_path / "0002_second.sql").write_text("-- 50 % done\nINSERT INTO a VALUES (2);")
    (tmp_path / "notes.sql").write_text("not a migration")
    return tmp_path


async def test_each_file_is_applied_once_in_order(database: Database, directory: Path) -> None:
    assert [file.applied for file in await status(database, directory)] == [False, False]
    assert await migrate(database, directory) == ["0001_first.sql", "0002_second.sql"]
    assert await migrate(database, directory) == []
    assert [file.applied for file in await status(database, directory)] == [True, True]
    assert await database.fetch("SELECT n FROM a ORDER BY n") == [{"n": 1}, {"n": 2}]


async def test_a_failing_file_leaves_nothing_of_itself(database: Database, directory: Path) -> None:
    (directory / "0003_third.sql").write_text("CREATE TABLE b (); SELECT no_such_column;")
    with pytest.raises(DatabaseError, match="no_such_column"):
        await migrate(database, directory)
    assert [file.applied for file in await status(database, directory)] == [True, True, False]
    assert await database.fetch("SELECT to_regclass('b') AS b") == [{"b": None}]


async def test_a_file_changed_after_it_was_applied_is_an_error(database: Database, directory: Path) -> None:
    await migrate(database, directory)
    (directory / "0001_first.sql").write_text("CREATE TABLE other ();")
    assert [file.state for file in await status(database, directory)] == ["changed", "applied"]
    for refuse in (migrate, require_current):
        with pytest.raises(SchemaError, match="0001_first"):
            await refuse(database, directory)


async def test_a_schema_of_a_newer_version_is_refused(database: Database, directory: Path) -> None:
    await migrate(database, directory)
    (directory / "0002_second.sql").unlink()
    assert [file.state for file in await status(database, directory)] == ["applied", "unknown"]
    for refuse in (migrate, require_current):
        with pytest.raises(SchemaError, match=r"0002_second.sql of a newer version"):
            await refuse(database, directory)


async def test_a_schema_that_lacks_something_is_refused_with_the_remedy(database: Database, directory: Path) -> None:
    with pytest.raises(SchemaError, match=r"lacks 0001_first.sql, 0002_second.sql: run `callctl db migrate`"):
        await require_current(database, directory)
    await migrate(database, directory)
    await require_current(database, directory)


async def test_two_engines_starting_at_once_migrate_once(database: Database, directory: Path) -> None:
    applied: list[str] = []

    async def start() -> None:
        applied.extend(await migrate(database, directory))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(start)
        nursery.start_soon(start)
    assert applied == ["0001_first.sql", "0002_second.sql"]


async def test_the_projects_tables_are_all_partitioned_by_month(database: Database) -> None:
    assert await migrate(database, MIGRATIONS)
    names = {row["name"] for row in await database.fetch("SELECT name FROM partitioned_tables")}
    assert names >= TABLES
    last_second = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    for _ in range(2):
        await database.execute("SELECT ensure_partitions(%s)", [last_second])
    for table in TABLES:
        assert (await database.fetch("SELECT to_regclass(%s)::text AS t", [f"{table}_2026_11"]))[0]["t"]
    await database.execute("INSERT INTO calls (id, started_at) VALUES (%s, %s)", [uuid4(), last_second])
    with pytest.raises(DatabaseError, match="no partition"):
        await database.execute("INSERT INTO calls (id, started_at) VALUES (%s, %s)",
                               [uuid4(), datetime(2026, 12, 1, tzinfo=UTC)])  # fmt: skip
