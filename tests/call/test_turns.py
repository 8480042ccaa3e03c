"""A call that goes well: greeting, turns, their order in the transcript and their waterfall."""

import pytest
import trio
from trio.testing import MockClock

from engine.call.events import BotSaid, CallEnded, CallerSaid, StateChanged, TurnTimed
from engine.call.states import Outcome, State
from engine.dialogue.llm import ToolUse
from tests.call.vendors import FIRST_AUDIO, FIRST_TOKEN
from tests.call.world import FINAL_AFTER, TEXTS, calling
from tests.dialogue.tool_shop import SIZE

NOTICE = TEXTS.phrases.notice


async def test_the_bot_greets_and_then_listens(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_listening()
        assert len(world.heard()) == 2
        assert world.heard()[1] == NOTICE
        greeting = world.line.heard()[0]
        assert greeting.began_at - world.line.frames[0][0] <= 0.02 + 1e-6
    assert world.told(CallEnded)[0].outcome is Outcome.CALLER_HUNG_UP
    assert [e.state for e in world.told(StateChanged)] == [State.GREETING, State.LISTENING, State.ENDED]
    assert world.line.closed_for == Outcome.CALLER_HUNG_UP


async def test_recognition_is_open_before_the_greeting_has_ended(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_heard(NOTICE)
        assert world.ears.is_open
        assert world.ears.audio > 0


async def test_a_turn_costs_nothing_beyond_what_the_vendors_take(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("Є зимові шини. Скільки вам потрібно?")
        await world.until_listening()
        final_at = await world.say("зимові шини на камрі")
        await world.until_heard("Є зимові")
        began = world.heard_of("Є зимові")[0].began_at
        assert began - final_at == pytest.approx(FIRST_TOKEN + FIRST_AUDIO, abs=0.001)
        await world.until_listening()
    timed = world.told(TurnTimed)
    assert [list(t.stages) for t in timed] == [
        ["final", "end_of_turn", "model_requested", "first_token", "first_sentence", "first_audio"]
    ]
    # the microphone's last voiced frame is up to one frame before the voice ends
    assert timed[0].stages["final"] == pytest.approx(FINAL_AFTER * 1000, abs=21)
    assert timed[0].stages["end_of_turn"] == timed[0].stages["model_requested"] == timed[0].stages["final"]
    assert timed[0].stages["first_audio"] - timed[0].stages["final"] == pytest.approx(400, abs=1)
    assert timed[0].usage.output_tokens == 10
    (caller_said,) = world.told(CallerSaid)
    assert timed[0].at == pytest.approx(caller_said.at, abs=0.001)


async def test_the_transcript_is_in_order_and_turns_are_numbered(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(
            ["Зараз подивлюся.", ToolUse("t1", "search_tires", SIZE)],
            "Є дві.",
            "Добре.",
        )
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Є дві")
        assert "1 tool: search_tires" in world.story(), "tools are told when they run, not when the answer is over"
        await world.until_listening()
        await world.say("дякую")
        await world.until_heard("Добре", frames=10)
        await world.until_listening()
    story = world.story()
    assert story[0].startswith("0 bot: ")
    assert story[1:] == [
        "1 caller: зимові шини",
        "1 tool: search_tires",
        "1 bot: Зараз подивлюся. Є дві.",
        "2 caller: дякую",
        "2 bot: Добре.",
    ]
    said = world.told(BotSaid)
    assert said[1].at == pytest.approx(world.heard_of("Зараз")[0].began_at - world.line.frames[0][0], abs=0.021)
    assert said[1].heard_ms == sum(h.frames for h in world.line.heard()[2:4]) * 20
    assert not any(e.interrupted for e in said)


async def test_words_split_by_a_pause_are_one_turn(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_listening()
        world.phone.is_voiced = True
        await trio.sleep(0.5)
        world.ears.emit("зимові", is_final=True)
        await trio.sleep(0.5)
        world.phone.is_voiced = False
        await trio.sleep(0.3)
        world.ears.emit("шини", is_final=True)
        await world.until_heard("Гаразд")
    assert [e.text for e in world.told(CallerSaid)] == ["зимові шини"]


async def test_the_bot_says_goodbye_and_the_line_closes_after_the_last_frame(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("Дякую за дзвінок. До побачення!")
        await world.until_listening()
        await world.say("це все дякую")
        ending = await world.until_ended()
    assert ending.outcome is Outcome.COMPLETED
    farewell = world.heard_of("До побачення")[0]
    assert farewell.complete
    assert world.line.closed_at is not None
    assert 0 < world.line.closed_at - farewell.ended_at <= 0.041
    assert world.told(CallEnded)[0].outcome is Outcome.COMPLETED


async def test_an_interrupted_goodbye_does_not_end_the_call(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("До побачення, гарного вам дня і хорошої дороги!", "Ні, ще є літні.")
        await world.until_listening()
        await world.say("дякую")
        await world.until_heard("До побачення", frames=30)
        await world.say("а літні шини є")
        await world.until_heard("Ні, ще", frames=10)
        await world.until_listening()
        assert world.ending is None


async def test_a_fixed_phrase_that_says_goodbye_is_no_farewell(autojump_clock: MockClock) -> None:
    """Only an answer of the model takes leave; the silence prompts do so by themselves."""
    async with calling(call={"silence_prompt_after": 3.0}) as world:
        await world.until_listening()
        await world.until_heard(TEXTS.phrases.silence_goodbye, frames=20)
        await world.say("алло я тут")
        await world.until_heard("Гаразд", frames=5)
        assert world.ending is None


async def test_faint_words_keep_the_silence_prompt_away(autojump_clock: MockClock) -> None:
    """A voice the detector does not hear, but the recogniser does."""
    async with calling(call={"silence_prompt_after": 3.0}) as world:
        await world.until_listening()
        await trio.sleep(2.8)
        world.ears.emit("зимові шини", is_final=False)
        await world.until_heard("Гаразд", frames=5)
    assert not any("Ви на лінії" in text for text in world.heard())


async def test_what_was_asked_stands_until_something_else_is(autojump_clock: MockClock) -> None:
    """Told by how long the end of a turn is waited for: an address may have more to come."""
    async with calling() as world:
        world.model.will_answer("На яку адресу доставити?", [1.0, "Дякую."], [1.0, "Дякую."])
        await world.until_listening()
        await world.say("хочу замовити")
        await world.until_heard("адресу", frames=10)
        await world.until_listening()
        for number, words in enumerate(("місто київ", "вулиця хрещатик"), 2):
            final_at = await world.say(words, 0.6)
            await world.until(lambda number=number: len(world.told(CallerSaid)) == number)  # type: ignore[misc]
            assert trio.current_time() - final_at == pytest.approx(1.2 - FINAL_AFTER, abs=0.03)
    assert [e.amended for e in world.told(CallerSaid)] == [False, False, True]


async def test_asking_to_repeat_asks_the_same_question(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("Назвіть адресу доставки. Без неї я не порахую вартість вашого замовлення.")
        await world.until_listening()
        await world.say("хочу замовити")
        await world.until_heard("Без неї", frames=10)
        await world.noise(1.0)
        await world.until_heard(TEXTS.phrases.did_not_hear, frames=20)
        await world.until_heard("Ви на лінії")
        assert world.line.heard()[-1].text == TEXTS.silence["address"]
