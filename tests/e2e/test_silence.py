"""A caller who says nothing is asked again, by what was asked before, and then taken leave of."""

import pytest

from engine.call.events import BotSaid
from engine.call.states import Outcome
from engine.dialogue.prompts import load
from tests.e2e.rig import answer, ask, cut_in, running_engine
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

TEXTS = load("uk")


async def test_two_silences_end_the_call(world: World) -> None:
    async with running_engine(world, call={"silence_prompt_after": 1.5}) as engine, engine.call() as caller:
        world.set("anthropic", script=["Скільки шин вам оформити?"])
        await cut_in(caller, "Хочу замовити шини")
        await caller.wait_ended()

        ended = await engine.ended(caller)
        assert [event.text for event in engine.of(caller, BotSaid)][1:] == [
            "Скільки шин вам оформити?",
            TEXTS.silence["quantity"],
            TEXTS.phrases.silence_goodbye,
        ]
        assert TEXTS.phrases.silence_goodbye in caller.ears.words_after(caller.started_at)
        assert (caller.end_reason, ended.outcome) == ("terminated", Outcome.SILENCE)
        assert (await engine.next(caller.call_id))["next"] == "hangup"


async def test_who_answers_the_prompt_starts_anew(world: World) -> None:
    async with running_engine(world, call={"silence_prompt_after": 1.5}) as engine, engine.call() as caller:
        world.set("anthropic", script=["Добре.", "Так, є."])
        await cut_in(caller, "Добрий день")
        assert await answer(caller) == "Добре."
        await engine.until(lambda: len(engine.of(caller, BotSaid)) == 3)
        assert await ask(caller, "А парковка у вас є?") == "Так, є."
        await engine.until(lambda: len(engine.of(caller, BotSaid)) == 5)
        said = [event.text for event in engine.of(caller, BotSaid)]
        assert said[1:] == ["Добре.", TEXTS.silence["nothing"], "Так, є.", TEXTS.silence["nothing"]]
