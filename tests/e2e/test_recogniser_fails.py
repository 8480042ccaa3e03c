"""The recogniser's stream breaks in mid-sentence, ends by its own limit, or cannot be had again."""

import pytest
import trio

from engine.call.events import CallerSaid
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from tests.e2e.rig import ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

SENTENCE = "Мені потрібні чотири зимові шини на дев'ятнадцять дюймів для великого позашляховика, бажано без шипів"
APOLOGY = load("uk").phrases.apology


async def test_no_word_is_lost_when_the_stream_breaks_in_mid_sentence(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Слухаю.", "Записала."])
        await cut_in(caller, "Добрий день")
        await caller.wait_for_bot_turn()
        caller.say_nowait(await caller.prepare(SENTENCE))
        await trio.sleep(2.0)
        world.set("speech", cut_next=1, cut_after=1)
        await caller.wait_silent()

        assert (await caller.wait_for_bot_turn()).text == "Записала."
        assert [event.text for event in engine.of(caller, CallerSaid)][1:] == [SENTENCE]
        assert world.counters("speech")["streams"] == 2
        assert engine.failures(caller) == []


async def test_the_limit_of_a_stream_loses_no_word(world: World) -> None:
    turns = ["А парковка у вас є?", "І дитячий куточок теж є?", "А кава для водіїв у вас є?"]
    world.set("speech", stream_limit_s=4.0)
    async with running_engine(world, google={"speech_stream_seconds": 2.5}) as engine, engine.call() as caller:
        world.set("anthropic", script=["Так, є."] * 4)
        await cut_in(caller, "Добрий день")
        await caller.wait_for_bot_turn()
        for turn in turns:
            assert await ask(caller, turn) == "Так, є."
        assert [event.text for event in engine.of(caller, CallerSaid)][1:] == turns
        assert world.counters("speech")["streams"] >= 3
        assert engine.failures(caller) == []


async def test_who_cannot_be_heard_any_more_is_told_so_and_handed_over(world: World) -> None:
    async with running_engine(world) as engine, engine.call() as caller:
        world.set("anthropic", script=["Слухаю."])
        await cut_in(caller, "Добрий день")
        await caller.wait_for_bot_turn()
        world.set("speech", cut_next=1, cut_after=1, fail_next=100)
        caller.say_nowait(await caller.prepare(SENTENCE))
        said_at = trio.current_time()
        await caller.wait_ended()

        ended = await engine.ended(caller)
        assert APOLOGY.split(". ")[0] in caller.ears.words_after(said_at)
        assert (ended.outcome, caller.end_reason) == (Outcome.FAILED_OVER, "terminated")
        assert engine.failures(caller) == ["recognizer"]
        assert (await engine.next(caller.call_id))["next"] == "operator"
