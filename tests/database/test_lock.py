"""The lock that one holds: who gets it, and when its holder knows that it has lost it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database
from engine.database.lock import HeldLock, try_lock
from engine.errors import DatabaseError, LockLost
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.cut_line import cuttable_line

LEASE = 2.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(folder / "postgres") as server:
        yield server


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url))) as database:
        assert await database.wait_available(5)
        yield database


async def taken(database: Database, name: str) -> bool:
    async with try_lock(database, name) as lock:
        return lock is None


async def backend(lock: HeldLock) -> int:
    pid: int = (await lock.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
    return pid


async def test_one_holder_for_each_name_until_it_lets_go(database: Database) -> None:
    async with try_lock(database, "a") as lock:
        assert lock is not None
        assert await taken(database, "a")
        assert not await taken(database, "b")
    assert not await taken(database, "a")


async def test_a_holder_that_says_it_lives_outlasts_its_lease(database: Database) -> None:
    async with try_lock(database, "a", lease=LEASE) as lock:
        assert lock is not None
        with trio.move_on_after(2 * LEASE):
            await lock.wait_lost()
            pytest.fail("lost")
        assert await taken(database, "a")


async def test_one_that_says_nothing_loses_it(database: Database) -> None:
    async with try_lock(database, "a", lease=LEASE) as lock:
        assert lock is not None
        await trio.sleep(2 * LEASE)
        assert not await taken(database, "a")
        with pytest.raises(DatabaseError):
            await lock.execute("SELECT 1")


async def test_a_broken_connection_is_noticed(database: Database) -> None:
    async with try_lock(database, "a", lease=LEASE) as lock:
        assert lock is not None
        await database.execute("SELECT pg_terminate_backend(%s)", [await backend(lock)])
        with trio.fail_after(10):
            await lock.wait_lost()
        with pytest.raises(DatabaseError):
            await lock.execute("SELECT 1")


async def test_a_line_gone_dead_is_noticed_before_another_gets_the_lock(folder: Path, database: Database) -> None:
    with tempfile.TemporaryDirectory() as name:
        async with (
            cuttable_line(folder / "postgres", Path(name)) as (line, url),
            Database(DatabaseConfig(url=SecretStr(url))) as behind,
            try_lock(behind, "a", lease=4 * LEASE) as lock,
        ):
            assert lock is not None
            line.cut()
            with trio.fail_after(10):
                await lock.wait_lost()
            assert await taken(database, "a")
            with trio.fail_after(10):
                while await taken(database, "a"):  # noqa: ASYNC110 - PostgreSQL has no event for it
                    await trio.sleep(0.1)


async def test_work_under_a_lock_gives_what_it_gives_and_raises_what_it_raises(database: Database) -> None:
    async def fails() -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("as it is, in no group")

    async with try_lock(database, "a", lease=LEASE) as lock:
        assert lock is not None
        assert [row["one"] for row in await lock.during(lambda: lock.fetch("SELECT 1 AS one"))] == [1]
        with pytest.raises(KeyError):
            await lock.during(fails)
        await lock.during(partial(trio.sleep, 2 * LEASE))
        assert await taken(database, "a")


async def test_work_is_cut_short_when_its_lock_is_lost(database: Database) -> None:
    async with try_lock(database, "a", lease=LEASE) as lock:
        assert lock is not None
        await database.execute("SELECT pg_terminate_backend(%s)", [await backend(lock)])
        with trio.fail_after(10), pytest.raises(LockLost):
            await lock.during(trio.sleep_forever)
