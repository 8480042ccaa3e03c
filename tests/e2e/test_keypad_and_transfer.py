"""Keys and the wish for a person."""

import pytest

from engine.call.events import CallerSaid
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from tests.e2e.rig import answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TRANSFER = load("uk").phrases.transfer


async def test_digits_are_the_callers_turn(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Наберіть номер замовлення.", "Дякую, бачу.", "Так, є."])
        await cut_in(caller, "Де моє замовлення?")
        await answer(caller)
        heard_at = caller.ears.last_voiced_at
        assert heard_at is not None
        for digit in "10203#":
            caller.digit(digit)
        await engine.until(lambda: "Дякую, бачу." in engine.transcript(caller))
        assert "Дякую, бачу." in caller.ears.words_after(heard_at)
        assert "10203" in engine.of(caller, CallerSaid)[-1].text, "the keys are not in the transcript"
        assert await ask(caller, "А парковка у вас є?") == "Так, є."
        assert not caller.end_reason


async def test_zero_calls_the_operator(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await caller.wait_for_bot_turn()
        caller.digit("0")
        await caller.wait_ended()
        ended = await engine.ended(caller)
        assert (ended.outcome, ended.reason, caller.end_reason) == (
            Outcome.TRANSFERRED, "customer_request", "terminated",
        )  # fmt: skip
        assert TRANSFER in caller.ears.words_after(caller.started_at)
        next_step = await engine.next(caller.call_id)
        assert (next_step["next"], next_step["reason"]) == ("operator", "customer_request")


async def test_a_key_over_the_greeting_ends_nothing(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Так, є."] * 2)
        await caller.wait_for_audio()
        for digit in "5*":
            caller.digit(digit)
        await cut_in(caller, "А парковка у вас є?")
        await engine.until(lambda: engine.transcript(caller)[-1:] == ["Так, є."])
        assert any("А парковка у вас є?" in event.text for event in engine.of(caller, CallerSaid))
        assert not caller.end_reason


async def test_who_asks_for_a_person_gets_one_who_knows(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await cut_in(caller, "З'єднайте мене з оператором, будь ласка")
        await caller.wait_ended()
        ended = await engine.ended(caller)
        assert (ended.outcome, caller.end_reason) == (Outcome.TRANSFERRED, "terminated")
        assert caller.ears.words_after(caller.started_at).endswith(TRANSFER), "the announcement was cut"
        next_step = await engine.next(caller.call_id)
        assert (next_step["next"], next_step["reason"]) == ("operator", "customer_request")
        assert "З'єднайте мене з оператором" in next_step["summary"]
