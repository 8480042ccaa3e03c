"""kill -9 at any moment: one order in the store, the caller told the truth, and no row lost that was safe."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import trio
from psycopg.rows import dict_row

from engine.config import Config
from engine.store.client import StoreClient
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.world import Overrides
from ops.emulators.caller import place_call
from tests.e2e.ordering import PHONE, STEPS, TOOLS, kept, toolbox
from tests.e2e.rig import PATIENCE, answer, cut_in
from tests.e2e.served import served
from tests.e2e.world import World, migrated, server_folder

pytestmark = pytest.mark.e2e


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(server_folder(stack) / "postgres"))
        migrated(server.url)
        yield server


@pytest.fixture
def settings(world: World) -> Iterator[Overrides]:
    """The world's, with a spool of this test's own and no actions of other tests."""
    with ExitStack() as stack:
        execute(world.database_url, "TRUNCATE store_actions")
        spool = {"spool_directory": str(server_folder(stack) / "spool"), "engine": "test"}
        yield {name: world.overrides[name] for name in ("database", "store")} | {"records": spool}


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def fetch(url: str, query: str, *parameters: object) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


@pytest.fixture
def call_id() -> UUID:
    return uuid4()


def change(settings: Overrides, call_id: UUID, tool: str, step: str) -> None:
    """In a process of its own, killed at `step`."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.e2e.ordering", str(call_id), tool, step],
        env=os.environ | {"CALLCTL_CONFIG": json.dumps(settings)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == (0 if step == "none" else -signal.SIGKILL), run.stderr


async def told_to_the_next_caller(settings: Overrides) -> str:
    """An engine starts, sets right what was left, and the same phone calls again."""
    config = Config.from_env(settings)
    async with kept(config) as keeping, StoreClient(config.store) as store:
        with trio.fail_after(PATIENCE):
            await keeping.recover(store)
        tools = toolbox(uuid4(), store, keeping, keeping.actions, config)
        await tools.recall()
        return tools.context()


def done_in_the_store(world: World, call_id: UUID, tool: str) -> list[str]:
    """Orders confirmed or visits booked in that call: what its caller is to be told of."""
    counters = world.counters("store")
    if tool == "confirm_order":
        return [order["order_number"] for order in counters["orders"] if order["call_id"] == str(call_id)]
    mine = [booking for booking in counters["bookings"] if booking["call_id"] == str(call_id)]
    return [f"{booking['date']}, {booking['time']}" for booking in mine]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_each_step_there_is_one_order_and_the_caller_hears_of_it(
    world: World, settings: Overrides, call_id: UUID, tool: str, step: str
) -> None:
    await trio.to_thread.run_sync(change, settings, call_id, tool, step)
    told = await told_to_the_next_caller(settings)
    done = done_in_the_store(world, call_id, tool)
    assert len(done) == (0 if step == "before_intent" else 1)
    assert [name in told for name in done] == [True] * len(done)
    if step == "before_intent":
        assert "З цього номера раніше" not in told
    again = await told_to_the_next_caller(settings)
    assert again.splitlines()[1:] == told.splitlines()[1:]  # but for the time
    assert done_in_the_store(world, call_id, tool) == done


@pytest.mark.parametrize("step", ["after_intent", "answered", "after_record"])
async def test_the_same_while_the_database_is_away(
    world: World, settings: Overrides, postgres: EmbeddedPostgres, call_id: UUID, step: str
) -> None:
    settings = settings | {"database": {"url": postgres.url}}
    await trio.to_thread.run_sync(postgres.stop)
    await trio.to_thread.run_sync(change, settings, call_id, "confirm_order", step)
    await trio.to_thread.run_sync(postgres.start)
    told = await told_to_the_next_caller(settings)
    (number,) = done_in_the_store(world, call_id, "confirm_order")
    assert f"підтверджено замовлення № {number}" in told
    (row,) = await trio.to_thread.run_sync(
        fetch, postgres.url, "SELECT answer, phone FROM store_actions WHERE tool = 'confirm_order'"
    )
    assert (row["answer"]["order_number"], row["phone"]) == (number, PHONE)


async def test_orders_of_earlier_processes_count_for_the_day(settings: Overrides, call_id: UUID) -> None:
    await trio.to_thread.run_sync(change, settings, call_id, "confirm_order", "none")
    config = Config.from_env(settings)
    midnight = datetime.now(config.call.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
    async with kept(config) as keeping:
        assert await keeping.actions.count("confirm_order", PHONE, midnight) == 1
        assert await keeping.actions.count("confirm_order", PHONE, datetime.now(UTC)) == 0


async def test_an_engine_killed_in_mid_call_leaves_all_but_the_turn_in_progress(world: World, call_id: UUID) -> None:
    world.set("anthropic", script=["Слухаю.", "Так, є."])
    async with (
        served(world, RECORDS_ENGINE="mid-call") as engine,
        place_call(*engine.audiosocket, call_id=call_id) as caller,
    ):
        await cut_in(caller, "Добрий день")
        assert await answer(caller) == "Слухаю."
        await trio.sleep(0.5)
        engine.kill()
        await caller.wait_ended()
    turns = await trio.to_thread.run_sync(
        fetch, world.database_url, "SELECT text, at FROM call_turns WHERE call_id = %s ORDER BY n", call_id
    )
    assert [turn["text"] for turn in turns][1:] == ["Добрий день", "Слухаю."]
    assert (await call_row(world, call_id))["ended_at"] is None
    async with served(world, RECORDS_ENGINE="mid-call"):
        with trio.fail_after(PATIENCE):
            while (row := await call_row(world, call_id))["ended_at"] is None:  # noqa: ASYNC110
                await trio.sleep(0.1)
    assert (row["outcome"], row["engine"]) == ("interrupted", "mid-call")
    assert turns[-1]["at"] <= row["ended_at"] < datetime.now(UTC)


async def call_row(world: World, call_id: UUID) -> dict[str, Any]:
    (row,) = await trio.to_thread.run_sync(fetch, world.database_url, "SELECT * FROM calls WHERE id = %s", call_id)
    return row
