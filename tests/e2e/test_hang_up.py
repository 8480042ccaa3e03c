"""The caller hangs up at a bad moment: nothing of the call is left, and nothing it did is lost or done twice."""

import pytest
import trio

from engine.call.events import BotSaid, CallerSaid, ToolRan
from engine.call.states import Outcome, State
from ops.emulators.caller import SimulatedCaller
from tests.e2e.rig import PATIENCE, Engine, answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

ONE_LINE = {"max_calls": 1}
LONG = "Ми працюємо щодня, без перерви на обід, а приїхати можна і без запису, бо майстрів у нас багато."


async def leaves_nothing(engine: Engine, caller: SimulatedCaller, tasks_before: int) -> None:
    ended = await engine.ended(caller)
    assert ended.outcome is Outcome.CALLER_HUNG_UP
    # a dialplan that asks has the caller on the line after all: it was only the connection that ended
    assert (await engine.next(caller.call_id))["next"] == "operator"
    with trio.fail_after(PATIENCE):
        while "callctl_calls_active 0.0" not in await engine.metrics() or tasks() > tasks_before:  # noqa: ASYNC110 - asked over HTTP
            await trio.sleep(0.05)
    assert (await engine.web.get("/readyz")).json()["reasons"] == [], "the one line there is has become free"


def tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living


async def settled(engine: Engine) -> int:
    """The number of tasks with no call in progress, once those of the HTTP connections are among them."""
    await engine.metrics()
    await engine.web.get("/readyz")
    return tasks() + 4


async def test_while_the_bot_speaks(world: World) -> None:
    async with running_engine(world, call=ONE_LINE) as engine:
        before = await settled(engine)
        async with engine.call() as caller:
            world.set("anthropic", script=[LONG])
            await cut_in(caller, "До котрої ви працюєте?")
            await engine.in_state(caller, State.SPEAKING)
            await trio.sleep(1.5)
        await leaves_nothing(engine, caller, before)
        cut = engine.of(caller, BotSaid)[-1]
        assert cut.text
        assert LONG.startswith(cut.text)
        assert len(cut.text) < len(LONG) * 0.75, "on record is more than was heard"


async def test_while_the_model_thinks(world: World) -> None:
    async with running_engine(world, call=ONE_LINE) as engine:
        before = await settled(engine)
        async with engine.call() as caller:
            world.set("anthropic", stall_next=1)
            await cut_in(caller, "До котрої ви працюєте?")
            await engine.in_state(caller, State.THINKING)
            await trio.sleep(0.3)
        await leaves_nothing(engine, caller, before)
        assert engine.of(caller, CallerSaid)[-1].text == "До котрої ви працюєте?"
        assert world.counters("anthropic")["abandoned"] == 1, "the model was left running"


async def test_in_the_middle_of_an_order(world: World) -> None:
    async with running_engine(world, call=ONE_LINE) as engine:
        before = await settled(engine)
        async with engine.call() as caller:
            await order_up_to_the_yes(engine, caller, world)
            world.set("store", delay_ms=1000)
            await caller.say("Так, підтверджую")
            await engine.in_state(caller, State.THINKING)
            await trio.sleep(0.5)
        await leaves_nothing(engine, caller, before)
        made = engine.of(caller, ToolRan)[-1]
        assert (made.name, made.ok) == ("confirm_order", True)
        counters = world.counters("store")
        assert [order["status"] for order in counters["orders"]] == ["confirmed"]
        assert counters["replayed"] == 0


async def order_up_to_the_yes(engine: Engine, caller: SimulatedCaller, world: World) -> None:
    """Everything but the confirmation, which the model will ask for at the next turn."""

    async def turn(words: str, tool: str, **arguments: object) -> ToolRan:
        world.set("anthropic", script=[{"tool_uses": [{"name": tool, "arguments": arguments}]}, "Добре."])
        assert await ask(caller, words) == "Добре."
        assert engine.tools(caller)[-1] == tool
        return engine.of(caller, ToolRan)[-1]

    world.set("anthropic", script=["Слухаю."])
    await cut_in(caller, "Добрий день")
    await answer(caller)
    found = await turn("Зимові шини", "search_tires", width=205, profile=55, diameter=16, season="winter")
    items = [{"product_id": found.result["tires"][0]["id"], "quantity": 4}]
    order_id = (await turn("Беру комплект", "create_order_draft", items=items)).result["order_id"]
    place = {"delivery_type": "delivery", "city": "Київ", "address": "вулиця Хрещатик, 22"}
    priced = await turn("На Хрещатик", "update_order_delivery", order_id=order_id, **place)
    confirm = {"order_id": order_id, "payment_method": "cod", "customer_name": "Олена"}
    read_back = f"Чотири шини, доставка в Київ, {int(priced.result['total'])} грн. Підтверджуєте?"
    world.set(
        "anthropic", script=[read_back, {"tool_uses": [{"name": "confirm_order", "arguments": confirm}]}, "Готово."]
    )
    await ask(caller, "Яка сума?")


async def test_before_the_first_word(world: World) -> None:
    async with running_engine(world, call=ONE_LINE) as engine:
        before = await settled(engine)
        async with engine.call() as caller:
            await caller.wait_for_audio()
        await leaves_nothing(engine, caller, before)
