"""The model fails, stalls or is overloaded: the caller never waits in silence, and never for long."""

import pytest
import trio

from engine.call.events import BotSaid, CallerSaid, PartFailed
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from ops.emulators.caller import SimulatedCaller
from tests.e2e.rig import Engine, answer, cut_in, longest_silence, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TEXTS = load("uk")
FILLER_MS = 800
FILLER_SECONDS = 2.0
"""One that has just begun when the time is up is spoken to its end."""
SLACK = 1.0
"""Seconds. The machine is shared; the growth of the pause from one filler to the next is in it, too."""


type Settings = dict[str, dict[str, object]]


async def greeted(caller: SimulatedCaller, world: World) -> None:
    world.set("anthropic", script=["Слухаю."])
    await cut_in(caller, "Добрий день")
    assert (await caller.wait_for_bot_turn()).text == "Слухаю."


def quiet(engine: Engine, caller: SimulatedCaller) -> bool:
    return engine.failures(caller) == []


@pytest.mark.parametrize("fault", [{"fail_next": 1, "fail_code": "529"}, {"fail_next": 1}, {"cut_next": 1}])
async def test_a_single_error_is_not_noticed(world: World, fault: dict[str, object]) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Так, є."], **fault)
        await cut_in(caller, "А парковка у вас є?")
        assert await answer(caller) == "Так, є."
        assert quiet(engine, caller)
        assert world.spent("anthropic")


async def test_an_answer_that_broke_off_goes_on_without_repeating(world: World) -> None:
    first, second = "Парковка є поруч.", "Заїзд з двору, далі прямо."
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=[f"{first} {second}", second], tokens_per_second=40, cut_next=1, cut_after=7)
        await cut_in(caller, "А парковка у вас є?")
        heard = await answer(caller)
        assert heard.count("Парковка") == 1
        assert "Заїзд з двору" in heard
        assert quiet(engine, caller)
        assert world.spent("anthropic")


async def test_a_stalled_model_is_covered_and_asked_again(world: World) -> None:
    settings: Settings = {"turn": {"filler_after_ms": FILLER_MS}, "anthropic": {"first_event_timeout": 2.0}}
    async with running_engine(world, **settings) as engine, engine.call() as caller:
        await greeted(caller, world)
        world.set("anthropic", script=["Так, є."], stall_next=1)
        asked_at = await caller.say("А парковка у вас є?")
        await engine.until(lambda: len(engine.of(caller, BotSaid)) == 3)
        await trio.sleep(0.5)
        heard = caller.ears.words_after(asked_at)
        assert heard.startswith(TEXTS.filler(0).rstrip("…"))
        assert heard.endswith("Так, є.")
        assert quiet(engine, caller)
        assert longest_silence(caller, asked_at, trio.current_time()) <= FILLER_MS / 1000 + SLACK


async def test_a_model_that_stalls_after_its_first_words_twice_hands_over(world: World) -> None:
    settings: Settings = {"turn": {"filler_after_ms": FILLER_MS}, "anthropic": {"gap_timeout": 2.0}}
    async with running_engine(world, **settings) as engine, engine.call() as caller:
        await greeted(caller, world)
        world.set("anthropic", script=["Парковка є. Заїзд з двору, далі прямо."] * 2, stall_after=6)
        await hands_over(engine, caller, "А парковка у вас є?")


async def test_a_model_that_fails_twice_hands_over(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        await greeted(caller, world)
        world.set("anthropic", fail_next=2, fail_code="529")
        await hands_over(engine, caller, "А парковка у вас є?")


async def test_whatever_stalls_the_wait_has_an_end(world: World) -> None:
    settings: Settings = {
        "turn": {"filler_after_ms": FILLER_MS, "apology_after_ms": 4000},
        "anthropic": {"first_event_timeout": 60.0},
    }
    async with running_engine(world, **settings) as engine, engine.call() as caller:
        await greeted(caller, world)
        world.set("anthropic", stall_next=1)
        await hands_over(engine, caller, "А парковка у вас є?")
        asked_at = engine.of(caller, CallerSaid)[-1].at
        (failed,) = engine.of(caller, PartFailed)
        assert 4.0 <= failed.at - asked_at <= 4.0 + FILLER_SECONDS + SLACK


async def hands_over(engine: Engine, caller: SimulatedCaller, question: str) -> None:
    """Ask, and hear the apology, but never silence."""
    asked_at = await caller.say(question)
    await caller.wait_ended()
    ended = await engine.ended(caller)
    assert TEXTS.phrases.apology.split(". ")[0] in caller.ears.words_after(asked_at)
    assert longest_silence(caller, asked_at, trio.current_time()) <= FILLER_MS / 1000 * 1.5 + SLACK
    assert (ended.outcome, caller.end_reason) == (Outcome.FAILED_OVER, "terminated")
    assert len(engine.failures(caller)) == 1
    assert (await engine.next(caller.call_id))["next"] == "operator"
