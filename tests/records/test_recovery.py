"""What a lost engine leaves open is closed with what is known of it, also by engines that began long before."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import trio
import trio.testing

from engine.config import Config, CostConfig
from engine.database import Database
from engine.keeping import Keeping
from engine.records.entries import entry_of
from engine.records.recovery import Lost, close_left_open
from engine.records.rows import CallStarted, EventRow, ModelUseRow, Row, ToolCallRow, TurnRow
from engine.records.spool import Spool
from engine.records.spool_folder import segments
from engine.records.tables import RecordTables
from engine.store.client import StoreClient
from ops.embedded.postgres import EmbeddedPostgres

LONGEST = timedelta(minutes=35)


def lost(before: datetime | None = None) -> Lost:
    now = datetime.now(UTC)
    return Lost("ours", before or now, now - LONGEST)


async def call(database: Database, engine: str, started: datetime) -> UUID:
    """Somebody asked for tyres, and was being answered when the engine died after 90 s."""
    call_id = uuid4()
    key = (call_id, started)
    rows: list[Row] = [
        CallStarted(*key, caller="+380671234567", engine=engine),
        TurnRow(*key, 1, started, "bot", "Добрий день!"),
        TurnRow(*key, 2, started + timedelta(seconds=10), "caller", "Хочу шини", language="uk-UA"),
        TurnRow(*key, 3, started + timedelta(seconds=30), "caller", "И диски", language="ru-RU"),
        TurnRow(*key, 4, started + timedelta(seconds=90), "caller", "Зимові", language="uk-UA"),
        ToolCallRow(*key, 1, started + timedelta(seconds=20), "search_tires", {}, {}, True, 5),
        ToolCallRow(*key, 2, started + timedelta(seconds=25), "confirm_order", {}, {}, False, 5),
        EventRow(*key, 1, started + timedelta(seconds=21), "waterfall", {"turn": 2, "first_audio": 640.0}),
        EventRow(*key, 2, started + timedelta(seconds=22), "interruption", {}),
        *(
            ModelUseRow(*key, "dialogue", n, started, "claude-haiku-4-5", 1000, 100, 0, 0, Decimal("0.0015"))
            for n in (1, 2)
        ),
    ]  # fmt: skip
    assert await RecordTables(database).write([entry_of(row) for row in rows]) == []
    return call_id


async def row(database: Database, call_id: UUID) -> dict[str, Any]:
    (found,) = await database.fetch("SELECT * FROM calls WHERE id = %s", [call_id])
    return found


async def test_an_interrupted_call_says_what_is_known_of_it(database: Database) -> None:
    started = datetime.now(UTC) - timedelta(minutes=2)
    call_id = await call(database, "ours", started)
    assert await close_left_open(database, CostConfig(), lost()) == 1
    closed = await row(database, call_id)
    assert (closed["outcome"], closed["ended_at"]) == ("interrupted", started + timedelta(seconds=90))
    assert (closed["scenario"], closed["language"], closed["answer_ms"]) == ("tires", "uk-UA", [640])
    assert closed["cost"]["model_input"]["quantity"] == 2000
    assert closed["cost_total"] == Decimal("0.003") + Decimal("0.016") * 90 / 60
    assert await close_left_open(database, CostConfig(), lost()) == 0


async def test_of_a_call_nothing_else_is_known_of_the_beginning_is_its_end(database: Database) -> None:
    started, call_id = datetime.now(UTC), uuid4()
    await RecordTables(database).write([entry_of(CallStarted(call_id, started, engine="ours"))])
    assert await close_left_open(database, CostConfig(), lost(before=started + timedelta(seconds=1))) == 1
    closed = await row(database, call_id)
    assert (closed["ended_at"], closed["scenario"], closed["language"]) == (started, "nothing_said", None)
    assert (closed["answer_ms"], closed["cost_total"]) == ([], 0)


async def test_the_calls_of_others_are_theirs_while_they_can_be_in_progress(database: Database) -> None:
    now = datetime.now(UTC)
    long_ago = await call(database, "pod-1", now - LONGEST - timedelta(seconds=1))
    await call(database, "pod-2", now - LONGEST + timedelta(seconds=30))
    await call(database, "ours", now + timedelta(seconds=1))
    assert await close_left_open(database, CostConfig(), lost()) == 1
    assert (await row(database, long_ago))["outcome"] == "interrupted"


@pytest.fixture
def config(server: EmbeddedPostgres, tmp_path: Path) -> Config:
    return Config.from_env(
        {
            "database": {"url": server.url},
            "records": {"spool_directory": str(tmp_path)},
            "store": {"base_url": "http://127.0.0.1:1"},
        }
    )


async def test_what_is_lost_later_is_found_by_an_engine_that_runs(
    database: Database, spool: Spool, config: Config
) -> None:
    """Its own kind may never start again: a pod's successor has another name."""
    async with StoreClient(config.store) as store, trio.open_nursery() as nursery:
        keeping = Keeping(config, database, spool, "ours")
        nursery.start_soon(keeping.run)
        nursery.start_soon(keeping.keep_recovering, store, 0.1)
        await trio.sleep(0.3)
        began = datetime.now(UTC) - timedelta(seconds=config.call.max_duration) - timedelta(minutes=6)
        call_id = await call(database, "pod-1", began)
        action = uuid4()
        await database.execute(
            "INSERT INTO store_actions (key, call_id, phone, tool, arguments, engine, intended_at)"
            " VALUES (%s, %s, '+380671234567', 'confirm_order', '{}', 'pod-1', %s)",
            [action, call_id, began],
        )
        with trio.fail_after(10):
            while True:
                [known] = await database.fetch("SELECT abandoned FROM store_actions WHERE key = %s", [action])
                if known["abandoned"] and (await row(database, call_id))["outcome"]:
                    break
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    assert known["abandoned"] == "unknown: cannot be asked again"


async def test_what_is_in_the_spool_is_in_the_tables_before_the_engine_goes(
    database: Database, spool: Spool, config: Config
) -> None:
    call_id, started = uuid4(), datetime.now(UTC)
    spool.append([entry_of(EventRow(call_id, started, n, started, "tick", {})) for n in range(5_000)])
    async with trio.open_nursery() as nursery:
        keeping = Keeping(config, database, spool, "ours")
        nursery.start_soon(keeping.run)
        await trio.testing.wait_all_tasks_blocked()
        await keeping.drain()
        assert spool.statistics().rows == 0
        nursery.cancel_scope.cancel()
    assert await database.fetch("SELECT count(*) AS n FROM call_events") == [{"n": 5_000}]


async def test_a_dead_neighbours_spool_is_brought_in_by_an_engine_that_runs(
    database: Database, spool: Spool, config: Config
) -> None:
    neighbour = Spool.open(spool.path.parent, 1_000_000)
    call_id, started = uuid4(), datetime.now(UTC)
    async with StoreClient(config.store) as store, trio.open_nursery() as nursery:
        keeping = Keeping(config, database, spool, "ours")
        nursery.start_soon(keeping.run)
        nursery.start_soon(keeping.keep_recovering, store, 0.1)
        neighbour.append([entry_of(CallStarted(call_id, started, engine="next door"))])
        await trio.sleep(0.5)
        assert await database.fetch("SELECT FROM calls WHERE id = %s", [call_id]) == []
        neighbour.close()  # as its death does
        with trio.fail_after(10):
            while not await database.fetch("SELECT FROM calls WHERE id = %s", [call_id]):  # noqa: ASYNC110
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel()
    assert not segments(neighbour.path)
