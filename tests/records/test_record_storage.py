"""The tables and the spool together: PostgreSQL stops, is killed, hangs or refuses, and nothing is lost or doubled."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import trio

from engine.database import Database
from engine.errors import SpoolError
from engine.metrics import REGISTRY
from engine.records.entries import Entry, entry_of
from engine.records.rows import CallStarted, EventRow, Row
from engine.records.spool import Spool
from engine.records.writer import RecordWriter
from ops.embedded.postgres import EmbeddedPostgres

START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
PATIENCE = 30.0


def event(n: int) -> EventRow:
    return EventRow(UUID(int=1), START, n, START, "tick", {"n": n})


@asynccontextmanager
async def running(database: Database, spool: Spool) -> AsyncIterator[RecordWriter]:
    writer = RecordWriter(database, spool)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        yield writer
        nursery.cancel_scope.cancel()


async def until(holds: Callable[[], object]) -> None:
    with trio.fail_after(PATIENCE):
        while not holds():  # noqa: ASYNC110 - threads and other processes tell nothing
            await trio.sleep(0.02)


async def recorded(database: Database) -> list[int]:
    return [row["n"] for row in await database.fetch("SELECT n FROM call_events ORDER BY n")]


async def all_recorded(database: Database, count: int) -> None:
    assert await database.wait_available(PATIENCE)
    with trio.fail_after(PATIENCE):
        while len(await recorded(database)) < count:  # noqa: ASYNC110 - a database tells nothing
            await trio.sleep(0.05)
    assert await recorded(database) == list(range(count))


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def processes(server: EmbeddedPostgres) -> list[int]:
    """The server and all its children."""
    postmaster = int(next(server._claim.path.glob("data-*/postmaster.pid")).read_text().split()[0])
    return [postmaster, *_children(postmaster)]


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = path.read_text()
        except OSError:
            continue
        if int(re.sub(r"^.*\)", "", told).split()[1]) == parent:
            found.append(int(path.parent.name))
    return found


def send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # a session that has ended meanwhile
            os.kill(pid, number)


@pytest.fixture
def hung(server: EmbeddedPostgres) -> Iterator[Callable[[bool], None]]:
    """Stop and continue every process of the server."""

    def switch(stop: bool) -> None:
        send(signal.SIGSTOP if stop else signal.SIGCONT, processes(server))

    yield switch
    switch(False)


async def test_while_the_database_is_away_rows_lie_on_disk_and_come_in_later(
    server: EmbeddedPostgres, database: Database, spool: Spool
) -> None:
    await trio.to_thread.run_sync(server.stop)
    async with running(database, spool) as writer:
        for n in range(300):
            writer.put_nowait(event(n))
        await until(lambda: spool.statistics().rows == 300)
        await until(lambda: writer.pending == 0)
        await until(lambda: metric("callctl_spool_rows") == 300)
        assert metric("callctl_spool_bytes") == spool.statistics().bytes > 0
        await until(lambda: metric("callctl_records_oldest_seconds") > 0)
        await trio.to_thread.run_sync(server.start)
        await all_recorded(database, 300)
        await until(lambda: spool.statistics().rows == 0)
        await until(lambda: metric("callctl_spool_rows") == metric("callctl_records_oldest_seconds") == 0)


async def test_kill_9_of_postgresql_under_load_loses_and_doubles_nothing(
    server: EmbeddedPostgres, database: Database, spool: Spool
) -> None:
    count = 8000
    async with running(database, spool) as writer:
        for n in range(count):
            writer.put_nowait(event(n))
            if n % 20 == 0:
                await trio.sleep(0.005)
            if n in (2000, 5000):
                send(signal.SIGKILL, processes(server))
            if n in (3000, 6500):
                await trio.to_thread.run_sync(server.stop)
                await trio.to_thread.run_sync(server.start)
        await all_recorded(database, count)


@pytest.mark.parametrize("is_away", [False, True])
async def test_kill_9_of_the_engine_under_load_costs_a_moment_at_most(
    server: EmbeddedPostgres, database: Database, tmp_path: Path, is_away: bool
) -> None:
    """What was handed in more than two seconds before is on record."""
    if is_away:
        await trio.to_thread.run_sync(server.stop)
    command = [sys.executable, "-m", "tests.records.filling", server.url, str(tmp_path / "spool")]
    named: list[tuple[float, int]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - a moment
        assert process.stdout is not None
        while not named or named[-1][0] - named[0][0] < 4:
            line = await trio.to_thread.run_sync(process.stdout.readline)
            named.append((trio.current_time(), int(line)))
        killed_at = trio.current_time()
        process.kill()
    if is_away:
        await trio.to_thread.run_sync(server.start)
    safe = max(n for at, n in named if at <= killed_at - 2)
    heir = Spool.open(tmp_path / "spool", 50_000_000)
    async with running(database, heir):
        await until(lambda: heir.statistics().rows == 0)
    heir.close()
    found = await recorded(database)
    assert found == list(range(len(found)))
    assert len(found) > safe > 0


async def test_a_database_that_hangs_holds_up_nobody(
    database: Database, spool: Spool, hung: Callable[[bool], None]
) -> None:
    async with running(database, spool) as writer:
        writer.put_nowait(event(0))
        await all_recorded(database, 1)
        hung(True)
        writer.put_nowait(event(1))
        with trio.fail_after(5):
            await writer.save(event(2))
        await until(lambda: spool.statistics().rows == 2)
        for n in range(3, 1000):
            writer.put_nowait(event(n))
        await until(lambda: spool.statistics().rows == 999)
        hung(False)
        await all_recorded(database, 1000)


async def test_a_saved_row_is_there_at_once(database: Database, spool: Spool) -> None:
    async with running(database, spool) as writer:
        await until(lambda: writer._storage is not None and writer._storage._patience._jobs)
        await writer.save(event(0))
        assert await recorded(database) == [0]


async def test_a_table_that_is_missing_is_waited_for(database: Database, spool: Spool) -> None:
    await database.execute("ALTER TABLE call_events RENAME TO elsewhere")
    refused = metric("callctl_records_total", result="refused")
    async with running(database, spool) as writer:
        writer.put_nowait(event(0))
        await until(lambda: spool.statistics().rows == 1)
        await trio.sleep(0.5)  # replays fail meanwhile
        await database.execute("ALTER TABLE elsewhere RENAME TO call_events")
        await all_recorded(database, 1)
    assert metric("callctl_records_total", result="refused") == refused


async def test_who_stops_leaves_nothing_in_memory(server: EmbeddedPostgres, database: Database, spool: Spool) -> None:
    async with running(database, spool) as writer:
        for n in range(700):
            writer.put_nowait(event(n))
    assert writer.pending == 0
    async with running(database, spool):
        await all_recorded(database, 700)


async def test_a_spool_replayed_twice_doubles_nothing(database: Database, spool: Spool) -> None:
    rows: list[Row] = [CallStarted(UUID(int=1), START, "+380671234567"), *map(event, range(50))]
    async with running(database, spool) as writer:
        for row in (*rows, *rows):
            writer.put_nowait(row)
        assert await writer.drain(PATIENCE) == 0
    spool.append([entry_of(row) for row in rows])
    spool.append([entry_of(row) for row in reversed(rows)])
    async with running(database, spool) as writer:
        await until(lambda: spool.statistics().rows == 0)
    assert await recorded(database) == list(range(50))
    assert (await database.fetch("SELECT count(*) AS n FROM calls"))[0]["n"] == 1


async def test_without_database_and_disk_memory_holds_what_it_may(
    server: EmbeddedPostgres, database: Database, spool: Spool
) -> None:
    class FullDisk(Spool):
        full = True

        def append(self, entries: object) -> int:
            if self.full:
                raise SpoolError("no space left")
            return super().append(entries)  # type: ignore[arg-type]

    disk = FullDisk(spool._folder, 1_000_000)
    await trio.to_thread.run_sync(server.stop)
    dropped = metric("callctl_records_total", result="dropped")
    writer = RecordWriter(database, disk, capacity=1000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        with pytest.raises(SpoolError):
            await writer.save(event(0))
        for n in range(1200):
            writer.put_nowait(event(n))
        await until(lambda: metric("callctl_records_waiting") > 0)
        disk.full = False
        await until(lambda: writer.pending == 0)
        await trio.to_thread.run_sync(server.start)
        await until(lambda: disk.statistics().rows == 0)
        nursery.cancel_scope.cancel()
    assert metric("callctl_records_total", result="dropped") - dropped == 200
    assert await recorded(database) == list(range(200, 1200))


async def test_rows_of_a_kind_unknown_here_are_set_aside(database: Database, spool: Spool) -> None:
    spool.append([Entry("RowOfTomorrow", b"{}", None)])
    refused = metric("callctl_records_total", result="refused")
    async with running(database, spool):
        await until(lambda: spool.statistics().rows == 0)
    assert metric("callctl_records_total", result="refused") - refused == 1
    assert "RowOfTomorrow" in (spool.path / "refused").read_text()
