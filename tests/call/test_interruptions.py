"""The caller speaks over the bot, or goes on before it: every way this can go."""

import pytest
import trio
from trio.testing import MockClock

from engine.call.events import BotSaid, CallerSaid, Interrupted, TurnTimed
from engine.call.states import State
from engine.dialogue.llm import Text, ToolUse
from tests.call.vendors import STALL
from tests.call.world import TEXTS, World, calling
from tests.dialogue.tool_shop import SIZE

LONG = "Є зимові шини Нокіан за дуже доброю ціною та ще дорожчі з м'якою гумою й шипами."
NOT_HEARD = TEXTS.phrases.did_not_hear


def user_texts(world: World) -> list[str]:
    """What the last request to the model gave as the caller's words."""
    request = world.model.requests[-1]
    return [b.text for m in request.messages if m.role == "user" for b in m.blocks if isinstance(b, Text)]


def bot_texts(world: World) -> list[str]:
    request = world.model.requests[-1]
    return [b.text for m in request.messages if m.role == "assistant" for b in m.blocks if isinstance(b, Text)]


async def test_words_over_the_bot_silence_it_and_the_next_turn_is_clean(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([LONG, " Бажаєте?", STALL], "Добре, літні.")
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=50)
        voiced_at = trio.current_time()
        await world.say("ні літні")
        assert world.line.spoken_between(voiced_at + 0.11, trio.current_time()) == 0, "silent within 110 ms"
        assert world.model.cancelled == 1
        assert world.model.open == 0
        await world.until_heard("Добре, літні", frames=20)
        await world.until_listening()
        part = world.heard_of(LONG)[0]
        assert 50 <= part.frames < 62
        said = world.told(BotSaid)[1]
        assert said.interrupted
        assert said.heard_ms == part.frames * 20
        assert LONG.startswith(said.text)
        assert 0 < len(said.text) < len(LONG) / 2
        assert bot_texts(world)[1] == f"{said.text} —"
        assert user_texts(world)[1:] == ["зимові шини", "ні літні"]
    barge_in = world.told(Interrupted)
    assert [e.kind for e in barge_in] == ["barge_in"]
    assert barge_in[0].stop_ms == pytest.approx(80, abs=21)
    assert [e.turn for e in world.told(TurnTimed)] == [1, 2]
    assert [e.turn for e in world.told(BotSaid)] == [0, 1, 2]


async def test_the_synthesiser_stops_with_the_answer(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.voice.trouble = lambda text: "stalls" if "друге" in text else ""
        world.model.will_answer("Перше довге речення про шини. Оце друге речення про диски.")
        await world.until_listening()
        await world.say("шини")
        await world.until_heard("Перше", frames=20)
        await world.say("стоп будь ласка")
        assert len(world.voice.cancelled) == 1
        await world.until_heard("Гаразд", frames=5)


async def test_a_cough_holds_the_bot_and_it_goes_on_where_it_stopped(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=50)
        await world.noise(0.2)
        await world.until_heard(LONG[:10], frames=world.heard_of(LONG)[0].length)
        await world.until_listening()
    assert world.heard_of(LONG)[0].complete, "no frame lost, none doubled"
    assert [e.kind for e in world.told(Interrupted)] == ["false"]
    assert not world.told(BotSaid)[1].interrupted
    assert len(world.model.requests) == 1


async def test_a_backchannel_does_not_interrupt(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=50)
        await world.say("ага", 0.3)
        await world.until_listening()
        await trio.sleep(2)
    assert world.heard_of(LONG)[0].complete
    assert [e.text for e in world.told(CallerSaid)] == ["зимові шини"]


async def test_noise_that_interrupts_is_asked_about(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=50)
        await world.noise(1.0)
        quiet_since = trio.current_time()
        await world.until_heard(NOT_HEARD)
        assert trio.current_time() - quiet_since == pytest.approx(2.0, abs=0.15)
        await world.until_listening()
        await world.say("нічого")
        await world.until_heard("Гаразд", frames=5)


async def test_noise_while_the_bot_thinks_does_not_cost_the_answer(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([2.0, LONG], LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(0.5)
        await world.noise(1.0)
        await world.until_heard(LONG[:10], frames=20)
        assert user_texts(world)[-1] == "зимові шини"
    assert NOT_HEARD not in world.heard()
    assert [e.text for e in world.told(CallerSaid)] == ["зимові шини"]
    assert not world.told(Interrupted), "nothing was to be heard"
    assert len(world.told(TurnTimed)) == 1


async def test_going_on_before_the_bot_is_heard_amends_the_turn(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([1.0, "Яка модель?"], LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(0.4)
        await world.say("на тойоту камрі")
        await world.until_heard(LONG[:10], frames=20)
        assert user_texts(world)[-1] == "зимові шини на тойоту камрі"
    assert [(e.turn, e.text, e.amended) for e in world.told(CallerSaid)] == [
        (1, "зимові шини", False),
        (1, "зимові шини на тойоту камрі", True),
    ]
    assert not any("модель" in text for text in world.heard())
    timed = world.told(TurnTimed)
    assert len(timed) == 1
    assert timed[0].stages["first_audio"] == pytest.approx(720, abs=25), "counts from the last words"


async def test_what_a_called_off_answer_did_is_kept_and_paid_for(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([ToolUse("t1", "search_tires", SIZE)], [STALL], "Є дві.")
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(1.0)
        await world.say("на тойоту")
        await world.until_heard("Є дві", frames=5)
        blocks = [b for m in world.model.requests[-1].messages for b in m.blocks]
        assert sum(isinstance(b, ToolUse) for b in blocks) == 1
    assert world.told(TurnTimed)[0].usage.input_tokens == 200, "two answers were paid for, one was cut off"


async def test_a_turn_that_is_never_answered_is_timed_all_the_same(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([ToolUse("t1", "search_tires", SIZE)], [STALL])
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(1.0)
        world.hang_up()
        await world.until_ended()
    timed = world.told(TurnTimed)
    assert len(timed) == 1
    assert "first_audio" not in timed[0].stages
    assert timed[0].usage.input_tokens == 100


async def test_the_greeting_can_be_interrupted(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_heard("Це магазин", frames=30)
        await world.say("зимові шини")
        await world.until_heard("Гаразд", frames=10)
        assert bot_texts(world)[0].endswith(" —")
        assert user_texts(world)[1:] == ["зимові шини"]
    assert world.told(BotSaid)[0].interrupted
    assert TEXTS.phrases.notice not in world.heard()


async def test_words_before_the_greeting_is_heard_are_answered(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.ears.emit("алло", is_final=True)
        await world.until_heard("Гаразд", frames=10)
    assert [e.text for e in world.told(CallerSaid)] == ["алло"]


async def test_two_turns_at_once_get_one_answer(autojump_clock: MockClock) -> None:
    """Finals so late that no voice goes with them, while the bot cannot be interrupted by them."""
    async with calling() as world:
        world.model.will_answer([LONG])
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=20)
        world.ears.emit("на камрі", is_final=True)
        await trio.sleep(1.5)
        world.ears.emit("чорні", is_final=True)
        await world.until_heard("Гаразд", frames=5)
        await world.until_listening()
        await trio.sleep(1)
    assert len(world.model.requests) == 2
    assert world.heard_of(LONG)[0].complete
    assert [(e.turn, e.text, e.amended) for e in world.told(CallerSaid)][1:] == [
        (2, "на камрі", False),
        (2, "на камрі чорні", True),
    ]


async def test_words_that_belong_to_the_turn_before_do_not_interrupt(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer(LONG)
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard(LONG[:10], frames=20)
        world.ears.emit("зимові", is_final=False)
        world.ears.emit("", is_final=False)
        await world.until_listening()
    assert world.heard_of(LONG)[0].complete


async def test_a_hold_while_the_answer_is_made_loses_nothing(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer([0.2, LONG])
        await world.until_listening()
        await world.say("зимові шини")
        await trio.sleep(0.35)
        await world.noise(0.3)
        held_until = trio.current_time()
        await world.until_state(State.SPEAKING)
        assert 0.6 < trio.current_time() - held_until < 0.8
        await world.until_listening()
    assert world.heard_of(LONG)[0].complete
