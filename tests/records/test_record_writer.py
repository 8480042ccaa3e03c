"""Rows against a real PostgreSQL: batches, repeats, months, absence, refusals."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
import trio

from engine.database import Database
from engine.metrics import REGISTRY
from engine.records.rows import CallEnded, CallStarted, EventRow, Row, ToolCallRow, TurnRow
from engine.records.spool import Spool
from engine.records.spool_folder import REFUSED
from engine.records.writer import RecordWriter

START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def call(uuid: UUID, start: datetime = START) -> list[Row]:
    return [
        CallStarted(uuid, start, caller="+380671234567", called="100", channel="PJSIP/x-1"),
        TurnRow(uuid, start, 0, start + timedelta(seconds=1), "bot", "Добрий день!", "uk", latencies={"tts": 80.5}),
        TurnRow(uuid, start, 1, start + timedelta(seconds=5), "caller", "шини\0", "uk", 0.93, interrupted=True),
        ToolCallRow(uuid, start, 0, start, "search_tires", {"width": 205}, {"items": []}, ok=True, duration_ms=12.5),
        EventRow(uuid, start, 0, start, "barge_in", {"held_ms": 80}),
        CallEnded(uuid, start, start + timedelta(minutes=2), "transferred", "asked", "хоче шини"),
    ]


async def write(database: Database, spool: Spool, rows: list[Row]) -> None:
    await write_with(RecordWriter(database, spool), rows)


async def write_with(writer: RecordWriter, rows: list[Row]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for row in rows:
            writer.put_nowait(row)
        assert await writer.drain(10) == 0
        nursery.cancel_scope.cancel()


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("callctl_records_total", {"result": result}) or 0.0


async def test_a_call_as_it_was(database: Database, spool: Spool) -> None:
    uuid = uuid4()
    await write(database, spool, call(uuid))
    (row,) = await database.fetch("SELECT * FROM calls")
    assert (row["id"], row["caller"], row["outcome"], row["transfer_summary"]) == (
        uuid, "+380671234567", "transferred", "хоче шини")  # fmt: skip
    assert row["ended_at"] - row["started_at"] == timedelta(minutes=2)
    bot, caller = await database.fetch("SELECT * FROM call_turns ORDER BY n")
    assert (bot["text"], bot["latencies"]) == ("Добрий день!", {"tts": 80.5})
    assert (caller["text"], caller["interrupted"]) == ("шини", True)
    (tool,) = await database.fetch("SELECT arguments, result, ok FROM call_tool_calls")
    assert tool == {"arguments": {"width": 205}, "result": {"items": []}, "ok": True}


async def test_repeats_and_disorder_change_nothing(database: Database, spool: Spool) -> None:
    uuid = uuid4()
    await write(database, spool, call(uuid))
    before = await snapshot(database)
    await write(database, spool, [*reversed(call(uuid)), *call(uuid)])
    assert await snapshot(database) == before


async def snapshot(database: Database) -> list[list[dict[str, Any]]]:
    tables = ("calls", "call_turns", "call_tool_calls", "call_events")
    return [await database.fetch("SELECT * FROM " + table + " ORDER BY 1, 2, 3") for table in tables]


async def test_a_month_nobody_prepared_is_made_even_if_it_vanishes_again(database: Database, spool: Spool) -> None:
    writer = RecordWriter(database, spool)
    future = datetime(2031, 2, 28, 23, 59, tzinfo=UTC)
    await write_with(writer, call(uuid4(), future))
    await database.execute("DROP TABLE calls_2031_02, call_turns_2031_02, call_tool_calls_2031_02, call_events_2031_02")
    uuid = uuid4()
    await write_with(writer, call(uuid, future))
    assert await database.fetch("SELECT id FROM calls_2031_02") == [{"id": uuid}]


async def test_one_bad_row_does_not_hold_up_the_others(database: Database, spool: Spool) -> None:
    uuid = uuid4()
    bad = TurnRow(uuid, START, 99, START, "nobody", "?")  # type: ignore[arg-type]
    refused, written = counted("refused"), counted("written")
    await write(database, spool, [*call(uuid)[:3], bad, *call(uuid)[3:]])
    assert counted("refused") - refused == 1
    assert counted("written") - written == 6
    assert (await database.fetch("SELECT count(*) AS n FROM call_turns"))[0]["n"] == 2


async def test_a_thousand_rows_go_in_batches(database: Database, spool: Spool) -> None:
    uuid = uuid4()
    await write(database, spool, [EventRow(uuid, START, n, START, "tick") for n in range(1200)])
    assert (await database.fetch("SELECT count(*) AS n FROM call_events"))[0]["n"] == 1200


async def test_what_one_bad_row_was_is_kept_beside_the_spool(database: Database, spool: Spool) -> None:
    bad = EventRow(uuid4(), START, 2**40, START, "tick")
    await write(database, spool, [bad])
    (line,) = (spool.path / REFUSED).read_text().splitlines()
    assert ("EventRow", str(bad.call_id)) == (json.loads(line)["kind"], json.loads(line)["row"]["call_id"])
    assert spool.statistics().rows == 0


@pytest.mark.parametrize("data", [
    pytest.param({"nul": "a\0b", "backslash": "\\u0000", "decimal": Decimal("1.50")}, id="nul"),
    pytest.param({"surrogate": "\ud83d", "nul": "a\0b"}, id="half a character"),
    pytest.param({"nan": float("nan"), "numpy": np.float32(0.5)}, id="not a number"),
    pytest.param({1: "a", "at": START, "deep": {"of": MappingProxyType({"a": (1, 2)})}}, id="strange types"),
])  # fmt: skip
async def test_what_json_or_postgresql_cannot_say_does_not_hold_up_a_call(
    database: Database, spool: Spool, data: dict[str, Any]
) -> None:
    said = {"nul": "ab", "backslash": "\\u0000", "surrogate": "?", "decimal": "1.50", "nan": None, "numpy": 0.5,
            "1": "a", "deep": {"of": {"a": [1, 2]}}}  # fmt: skip
    await write(database, spool, [EventRow(uuid4(), START, 1, START, "tick", data)])
    (row,) = await database.fetch("SELECT data FROM call_events")
    assert datetime.fromisoformat(row["data"].pop("at", str(START))) == START
    assert row["data"] == {key: said[key] for key in map(str, data) if key != "at"}


async def test_without_a_database_nothing_is_kept() -> None:
    writer = RecordWriter(None)
    writer.put_nowait(call(uuid4())[0])
    await writer.run()
    assert await writer.drain(1) == writer.pending == 0


async def test_a_database_slower_than_the_rows_come_loses_none(database: Database, spool: Spool) -> None:
    """It answers each batch in time, so it is never away; the queue must not grow until rows are dropped."""
    uuid, total = uuid4(), 15_000
    dropped, spooled = counted("dropped"), counted("spooled")
    await database.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                           " 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'")  # fmt: skip
    await database.execute("CREATE TRIGGER dawdle AFTER INSERT ON call_events EXECUTE FUNCTION dawdle()")
    writer = RecordWriter(database, spool, capacity=6_000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run)
        for n in range(total):
            writer.put_nowait(EventRow(uuid, START, n, START, "tick"))
            if n % 20 == 0:
                await trio.sleep(0.01)
        await database.execute("DROP TRIGGER dawdle ON call_events")
        with trio.fail_after(20):
            while writer.pending or spool.statistics().rows:  # noqa: ASYNC110 - neither tells when
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    assert (await database.fetch("SELECT count(*) AS n FROM call_events"))[0]["n"] == total
    assert (counted("dropped"), counted("spooled") > spooled) == (dropped, True)
