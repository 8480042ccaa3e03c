"""From the bot to a human: where one is there, where none is, and what the human hears first."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import trio
from typer.testing import CliRunner

from cli.main import app
from engine.call.events import CallerSaid, TransferTried
from engine.call.states import Outcome
from engine.config.hours import WEEKDAYS
from engine.dialogue.prompts import load
from engine.pbx.operators import Transferred
from ops.emulators.caller import place_call
from ops.emulators.caller_dialplan import announce
from tests.e2e.rig import CUSTOMER, answer, ask, cut_in, running_engine, unspaced
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TEXTS = load("uk")
ANOTHER_DAY = {"hours": f"{WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]} 09:00-18:00"}


async def test_out_of_hours_a_call_back_is_taken_and_listed(world: World) -> None:
    async with running_engine(world, operators=ANOTHER_DAY) as engine, engine.call() as caller:
        await caller.wait_for_bot_turn()
        caller.digit("0")
        await engine.until(lambda: "Передзвонити вам?" in engine.transcript(caller)[-1])
        closed = unspaced(caller.ears.words_after(caller.started_at))
        assert unspaced("оператори зараз не працюють") in closed
        assert unspaced("з дев'ятої до вісімнадцятої") in closed
        assert "Коли вам зручно" in await ask(caller, "Так, будь ласка")
        assert "передзвонимо" in await ask(caller, "У середу зранку, мене звати Олена")
        assert engine.tools(caller) == ["create_callback_request"]
        assert not engine.of(caller, TransferTried)
    mine = [row for row in await callbacks(world, "--json") if row["call_id"] == str(caller.call_id)]
    assert [(row["phone"], row["preferred_time"]) for row in mine] == [
        ("+38067***4567", "У середу зранку, мене звати О***")
    ]
    assert mine[0]["name"] == "О***"


async def callbacks(world: World, *options: str) -> list[dict[str, str]]:
    """As `callctl callbacks list` shows them."""

    def listed() -> str:
        return CliRunner(env={"DATABASE_URL": world.database_url}).invoke(app, ["callbacks", "list", *options]).stdout

    found: list[dict[str, str]] = json.loads(await trio.to_thread.run_sync(listed))
    return found


async def test_who_asks_for_a_person_in_words_is_told_the_same(world: World) -> None:
    async with running_engine(world, operators=ANOTHER_DAY) as engine, engine.call() as caller:
        await cut_in(caller, "З'єднайте з оператором")
        told = await answer(caller)
        assert "операторів зараз немає" in told
        assert unspaced("Передзвонити вам") in unspaced(told)
        assert engine.tools(caller) == ["transfer_to_operator"]
        assert not caller.end_reason


async def test_a_menus_choice_leads_straight_to_the_operator(world: World) -> None:
    async with running_engine(world) as engine, engine.call(intent="operator") as caller:
        assert await caller.wait_ended() == "terminated"
        ended = await engine.ended(caller)
        assert (ended.outcome, ended.reason) == (Outcome.TRANSFERRED, "customer_request")
        assert caller.ears.words_after(caller.started_at).endswith(TEXTS.phrases.transfer)
        [tried] = engine.of(caller, TransferTried)
        assert tried.outcome is Transferred.LEFT_TO_DIALPLAN


async def test_a_menus_choice_opens_the_conversation(world: World) -> None:
    async with running_engine(world) as engine, engine.call(intent="order_status") as caller:
        opening = (await caller.wait_for_bot_turn()).text
        assert unspaced(TEXTS.intents["order_status"].opening) in unspaced(opening)
        for digit in "100301#":
            caller.digit(digit)
        await engine.until(lambda: engine.of(caller, CallerSaid))
        assert "100301" in engine.of(caller, CallerSaid)[0].text
        await answer(caller)
        assert not caller.end_reason


async def test_a_number_keyed_in_over_the_bot_is_one_answer(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Дякую, бачу."])
        await caller.wait_for_audio()
        await trio.sleep(1)
        for digit in "100301":
            caller.digit(digit)
            await trio.sleep(0.2)
        await engine.until(lambda: "Дякую, бачу." in engine.transcript(caller))
        assert [said.text for said in engine.of(caller, CallerSaid)] == [TEXTS.model.pressed.format(digits="100301")]
        assert not engine.of(caller, TransferTried)


async def test_the_operator_hears_what_the_call_was_about(world: World) -> None:
    async with running_engine(world) as engine:
        async with engine.call() as caller:
            await cut_in(caller, "З'єднайте мене з оператором щодо зимових шин")
            await caller.wait_ended()
        briefing = uuid4()
        assert await announce(engine.web, briefing, caller=CUSTOMER, briefing_of=str(caller.call_id))
        async with place_call(*engine.listening.audiosocket, call_id=briefing) as operator:
            with trio.fail_after(30):
                assert await operator.wait_ended() == "terminated"
            heard = unspaced(operator.ears.words_after(operator.started_at))
        assert unspaced("щодо зимових шин") in heard
        assert not [event for event in engine.events if event.call_id == briefing], "nothing of it is a call"
