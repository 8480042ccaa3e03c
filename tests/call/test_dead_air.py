"""Silence on the line: the bot's is covered, the caller's is asked about."""

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from engine.call.events import BotSaid, PartFailed, TurnTimed
from engine.call.states import Outcome
from engine.dialogue.llm import Text
from engine.speech.verbalize import verbalize
from tests.call.vendors import STALL
from tests.call.world import FINAL_AFTER, TEXTS, World, calling

FILLERS = [verbalize(text) for text in TEXTS.fillers.phrases]
"""As they are spoken."""
APOLOGY = TEXTS.phrases.apology
PROMPT = TEXTS.silence["nothing"]
GOODBYE = TEXTS.phrases.silence_goodbye


def fillers_heard(world: World) -> list[tuple[float, float]]:
    """When each began and ended."""
    return [(h.began_at, h.ended_at) for h in world.line.heard() if h.text in FILLERS]


def test_no_filler_is_taken_for_something_else() -> None:
    assert len({text[:5] for text in FILLERS}) == len(FILLERS)


async def test_a_model_that_never_answers(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([STALL])
        await world.until_listening()
        spoken_until = await world.say("зимові шини") - FINAL_AFTER
        ending = await world.until_ended()
    assert ending.outcome is Outcome.FAILED_OVER
    assert ending.reason == "model_failed"
    assert "зимові шини" in ending.summary, "the operator is told what was said"
    fillers = fillers_heard(world)
    assert len(fillers) >= 3
    assert fillers[0][0] - spoken_until == pytest.approx(1.8, abs=0.13)
    pauses = [later[0] - earlier[1] for earlier, later in pairwise(fillers)]
    assert pauses == sorted(pauses), "each waits longer than the one before"
    assert pauses[0] > 2.5
    apology = world.heard_of(APOLOGY)[0]
    assert apology.began_at - spoken_until == pytest.approx(12.0, abs=1.5)
    assert apology.complete
    assert [e.part for e in world.told(PartFailed)] == ["model"]
    assert world.model.open == 0


async def test_a_model_that_stalls_after_its_first_sentence(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(["Зараз подивлюся, хвилинку. А", STALL])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Зараз подивлюся", frames=10)
        first = world.heard_of("Зараз")[0]
        ending = await world.until_ended()
        said_until = first.ended_at
    assert ending.reason == "model_failed"
    assert fillers_heard(world)[0][0] - said_until == pytest.approx(1.8, abs=0.13)
    assert world.heard_of(APOLOGY)[0].began_at - said_until == pytest.approx(12.0, abs=1.5)


async def test_a_long_answer_after_a_filler_is_not_dead_air(autojump_clock: MockClock) -> None:
    sentence = "Це речення займає в мене приблизно п'ять секунд мовлення у слухавку клієнта."
    async with calling() as world:
        world.model.will_answer([2.5, " ".join([sentence] * 4)])
        await world.until_listening()
        await world.say("розкажіть")
        await world.until_heard(sentence)
        began_at = world.heard_of(sentence)[0].began_at
        await world.until_listening()
        assert trio.current_time() - began_at > 20
    assert len(fillers_heard(world)) == 1
    assert len(world.heard_of(sentence)) == 4
    assert not world.told(PartFailed)
    assert fillers_heard(world)[0][1] < began_at
    assert world.told(BotSaid)[1].at == pytest.approx(fillers_heard(world)[0][0] - world.line.frames[0][0], abs=0.03)


async def test_fillers_are_remembered_in_their_place_and_timed_apart(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([2.0, "Є дві моделі. Показати?"])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Показати", frames=10)
        await world.until_listening()
        await world.say("так")
        await world.until_heard("Гаразд")
        said = [b.text for m in world.model.requests[-1].messages if m.role == "assistant" for b in m.blocks
                if isinstance(b, Text)]  # fmt: skip
        assert said[-1] == f"{TEXTS.fillers.phrases[0]} Є дві моделі. Показати?"
    assert world.told(BotSaid)[1].text == said[-1]
    stages = world.told(TurnTimed)[0].stages
    assert stages["filler"] == pytest.approx(1800, abs=130)
    assert stages["first_audio"] > stages["first_token"] > stages["filler"]


async def test_an_answer_that_joins_a_filler_is_timed_from_its_own_first_frame(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([1.5, "Є дві моделі."])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Є дві", frames=10)
        answer = world.heard_of("Є дві")[0]
        assert answer.began_at - fillers_heard(world)[0][1] == pytest.approx(0.02), "no pause between them"
        await world.until_listening()
    stages = world.told(TurnTimed)[0].stages
    assert stages["first_audio"] - stages["filler"] == pytest.approx(
        (answer.began_at - fillers_heard(world)[0][0]) * 1000, abs=1
    )


async def test_no_cover_while_the_caller_speaks_over_the_wait(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([4.0, "Є дві."], [STALL])
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(0.5)
        await world.say("на тойоту камрі дві тисячі двадцятого року", 4.0)
        assert not fillers_heard(world)


async def test_a_synthesiser_that_stalls_is_covered_and_named(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.voice.trouble = lambda text: "stalls"
        await world.until_listening()
        await world.say("зимові шини")
        ending = await world.until_ended()
    assert len(fillers_heard(world)) >= 3
    assert ending.reason == "synthesizer_failed"
    assert world.heard_of(TEXTS.phrases.tts_fallback)[0].complete


async def test_the_callers_silence_is_asked_about_by_what_was_asked(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("На яке місто оформити доставку? Назвіть адресу.")
        await world.until_listening()
        await world.say("замовляю")
        await world.until_heard("Назвіть адресу", frames=10)
        await world.until_listening()
        quiet_since = trio.current_time()
        await world.until_heard(TEXTS.silence["address"])
        assert trio.current_time() - quiet_since == pytest.approx(8.0, abs=0.2)
        ending = await world.until_ended()
    assert ending.outcome is Outcome.SILENCE
    goodbye = world.heard_of(GOODBYE)[0]
    assert goodbye.complete
    assert world.line.closed_at is not None
    assert 0 < world.line.closed_at - goodbye.ended_at <= 0.041


async def test_a_word_between_makes_the_next_silence_a_first_one(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_listening()
        await world.until_heard(PROMPT, frames=60)
        await world.until_listening()
        await world.say("секунду")
        await world.until_heard("Гаразд", frames=5)
        await world.until(lambda: len(world.heard_of("Ви на лінії")) == 2)
        assert not world.heard_of(GOODBYE)


async def test_a_prompt_does_not_come_after_words(autojump_clock: MockClock) -> None:
    """The prompt is due in the very moment in which a turn ends."""
    async with calling(call={"silence_prompt_after": 3.0}) as world:
        await world.until_listening()
        await trio.sleep(2.99 - 0.25)
        world.ears.emit("зимові шини", is_final=True)
        await world.until_heard("Гаразд", frames=5)
    assert not world.heard_of("Ви на лінії")


async def test_keys_count_as_an_answer(autojump_clock: MockClock) -> None:
    async with calling(call={"silence_prompt_after": 3.0}) as world:
        await world.until_listening()
        for key in "380":
            await trio.sleep(2.0)
            world.phone.press(key)
        await trio.sleep(2.45)
        assert not world.heard_of("Ви на лінії")
