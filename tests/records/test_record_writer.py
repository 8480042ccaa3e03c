"""Rows against a real PostgreSQL: batches, repeats, months, absence, refusals."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
from pydantic import SecretStr

from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.metrics import REGISTRY
from engine.records.rows import CallEnded, CallStarted, EventRow, Row, ToolCallRow, TurnRow
from engine.records.writer import RecordWriter
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS

START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
COUNT = (
    "SELECT (SELECT count(*) FROM calls) + (SELECT count(*) FROM call_turns) + (SELECT count(*) FROM call_events) AS n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            yield server


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with Database(DatabaseConfig(url=SecretStr(server.url), pool_size=2)) as database:
        assert await database.wait_available(5)
        await migrate(database, MIGRATIONS)
        for table in ("calls", "call_turns", "call_tool_calls", "call_events"):
            await database.execute("TRUNCATE " + table)  # a constant of this file
        yield database


def call(uuid: UUID, start: datetime = START) -> list[Row]:
    return [
        CallStarted(uuid, start, caller="+380671234567", called="100", channel="PJSIP/x-1"),
        TurnRow(uuid, start, 0, start + timedelta(seconds=1), "bot", "Добрий день!", "uk", latencies={"tts": 80.5}),
        TurnRow(uuid, start, 1, start + timedelta(seconds=5), "caller", "шини\0", "uk", 0.93, interrupted=True),
        ToolCallRow(uuid, start, 0, start, "search_tires", {"width": 205}, {"items": []}, ok=True, duration_ms=12.5),
        EventRow(uuid, start, 0, start, "barge_in", {"held_ms": 80}),
        CallEnded(uuid, start, start + timedelta(minutes=2), "transferred", "asked", "хоче шини"),
    ]


async def write(writer: RecordWriter, rows: list[Row]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for row in rows:
            writer.put_nowait(row)
        assert await writer.drain(10) == 0
        nursery.cancel_scope.cancel()


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("callctl_records_total", {"result": result}) or 0.0


async def test_a_call_as_it_was(database: Database) -> None:
    uuid = uuid4()
    await write(RecordWriter(database), call(uuid))
    (row,) = await database.fetch("SELECT * FROM calls")
    assert (row["id"], row["caller"], row["outcome"], row["transfer_summary"]) == (
        uuid, "+380671234567", "transferred", "хоче шини")  # fmt: skip
    assert row["ended_at"] - row["started_at"] == timedelta(minutes=2)
    bot, caller = await database.fetch("SELECT * FROM call_turns ORDER BY n")
    assert (bot["text"], bot["latencies"]) == ("Добрий день!", {"tts": 80.5})
    assert (caller["text"], caller["interrupted"]) == ("шини", True)
    (tool,) = await database.fetch("SELECT arguments, result, ok FROM call_tool_calls")
    assert tool == {"arguments": {"width": 205}, "result": {"items": []}, "ok": True}


async def test_repeats_and_disorder_change_nothing(database: Database) -> None:
    uuid = uuid4()
    await write(RecordWriter(database), call(uuid))
    before = await snapshot(database)
    await write(RecordWriter(database), [*reversed(call(uuid)), *call(uuid)])
    assert await snapshot(database) == before


async def snapshot(database: Database) -> list[list[dict[str, Any]]]:
    tables = ("calls", "call_turns", "call_tool_calls", "call_events")
    return [await database.fetch("SELECT * FROM " + table + " ORDER BY 1, 2, 3") for table in tables]


async def test_a_month_nobody_prepared_is_made_even_if_it_vanishes_again(database: Database) -> None:
    writer = RecordWriter(database)
    future = datetime(2031, 2, 28, 23, 59, tzinfo=UTC)
    await write(writer, call(uuid4(), future))
    await database.execute("DROP TABLE calls_2031_02, call_turns_2031_02, call_tool_calls_2031_02, call_events_2031_02")
    uuid = uuid4()
    await write(writer, call(uuid, future))
    assert await database.fetch("SELECT id FROM calls_2031_02") == [{"id": uuid}]


async def test_one_bad_row_does_not_hold_up_the_others(database: Database) -> None:
    uuid = uuid4()
    bad = TurnRow(uuid, START, 99, START, "nobody", "?")  # type: ignore[arg-type]
    refused, written = counted("refused"), counted("written")
    await write(RecordWriter(database), [*call(uuid)[:3], bad, *call(uuid)[3:]])
    assert counted("refused") - refused == 1
    assert counted("written") - written == 6
    assert (await database.fetch("SELECT count(*) AS n FROM call_turns"))[0]["n"] == 2


async def test_a_thousand_rows_go_in_batches(database: Database) -> None:
    uuid = uuid4()
    await write(RecordWriter(database), [EventRow(uuid, START, n, START, "tick") for n in range(1200)])
    assert (await database.fetch("SELECT count(*) AS n FROM call_events"))[0]["n"] == 1200


async def test_rows_wait_while_the_database_is_away(server: EmbeddedPostgres, database: Database) -> None:
    writer = RecordWriter(database)
    await trio.to_thread.run_sync(server.stop)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for row in call(uuid4()):
            writer.put_nowait(row)
        assert await writer.drain(0.5) == 6
        await trio.to_thread.run_sync(server.start)
        assert await writer.drain(10) == 0
        nursery.cancel_scope.cancel()
    assert (await database.fetch(COUNT))[0]["n"] == 4


async def test_when_too_many_wait_the_oldest_go() -> None:
    async with Database(DatabaseConfig(url=SecretStr("postgresql://127.0.0.1:1/none"), pool_size=1)) as database:
        writer = RecordWriter(database, capacity=10)
        dropped = counted("dropped")
        for n in range(25):
            writer.put_nowait(EventRow(uuid4(), START, n, START, "tick"))
        assert writer.pending == 10
        assert counted("dropped") - dropped == 15


async def test_without_a_database_nothing_is_kept() -> None:
    writer = RecordWriter(None)
    writer.put_nowait(call(uuid4())[0])
    await writer.run()
    assert await writer.drain(1) == writer.pending == 0
