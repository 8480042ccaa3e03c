"""The store is down: the bot says so and offers an operator; after five failures it is not even asked."""

import pytest
import trio

from engine.call.events import ToolRan
from engine.call.states import Outcome
from tests.e2e.rig import Engine, answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

QUESTION = "Потрібні зимові шини 205/55 R16"
SORRY = "зробити це зараз не вдалося"
OFFER = "З'єднати вас з оператором?"


async def breaker(engine: Engine) -> float:
    line = next(row for row in (await engine.metrics()).splitlines() if row.startswith("callctl_breaker_open{"))
    return float(line.split()[-1])


async def test_the_bot_says_so_and_the_operator_is_there(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("store", fail_next=1000, fail_code="500")
        await cut_in(caller, QUESTION)
        heard = await answer(caller)
        assert SORRY in heard
        assert OFFER in heard
        assert [event.ok for event in engine.of(caller, ToolRan)] == [False]

        await caller.say("Так, будь ласка")
        await caller.wait_ended()
        assert (await engine.ended(caller)).outcome is Outcome.TRANSFERRED
        next_step = await engine.next(caller.call_id)
        assert (next_step["next"], next_step["reason"]) == ("operator", "cannot_help")


async def test_the_breaker_opens_after_five_failures(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        search = {
            "name": "search_tires",
            "arguments": {"width": 205, "profile": 55, "diameter": 16, "season": "winter"},
        }
        await cut_in(caller, "Добрий день")
        await answer(caller)
        assert await breaker(engine) == 0
        world.set("store", fail_next=1000, fail_code="503", retry_after_s=0)
        world.set("anthropic", script=[{"tool_uses": [search]}, "Не вдалося."] * 3)
        for _ in range(2):
            assert await ask(caller, QUESTION) == "Не вдалося."
        assert await breaker(engine) == 1
        world.set("store", fail_next=0, stall_next=1000)
        began = trio.current_time()
        assert await ask(caller, QUESTION) == "Не вдалося."
        assert engine.of(caller, ToolRan)[-1].duration_ms < 500, "a store known to be ill was asked"
        assert trio.current_time() - began < 10


async def test_a_store_that_never_answers_costs_no_dead_air(world: World) -> None:
    async with running_engine(world, store={"timeout": 1.0, "patience": 1.5}) as engine, engine.call() as caller:
        world.set("store", stall_next=1000)
        await cut_in(caller, QUESTION)
        heard = (await caller.wait_for_bot_turn(quiet_ms=2500)).text
        assert SORRY in heard
        assert OFFER in heard
        (tool,) = engine.of(caller, ToolRan)
        assert (tool.ok, tool.duration_ms < 3000) == (False, True)
