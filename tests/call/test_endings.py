"""How calls end: by an operator, by the caller, by time; and what is left of them."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from engine.call.events import BotSaid, CallEnded, CallerSaid, Interrupted, StateChanged, ToolRan
from engine.call.states import Outcome, State
from engine.dialogue.llm import ToolUse
from tests.call.vendors import STALL, Step
from tests.call.world import CALL, TEXTS, World, calling
from tests.dialogue.tool_shop import SIZE

TRANSFER = TEXTS.phrases.transfer
ASK_FOR_OPERATOR = ToolUse("t9", "transfer_to_operator", {"reason": "customer_request", "summary": "Хоче людину."})
ANNOUNCED = "З'єдную вас з оператором магазину просто зараз."
WHOLE_ORDER: list[list[Step]] = [
    [ToolUse("t1", "search_tires", SIZE)],
    [ToolUse("t2", "create_order_draft", {"items": [{"product_id": "t2", "quantity": 4}]})],
]


async def ask_for_operator(world: World, *answers: list[Step]) -> None:
    world.model.will_answer(["Хвилинку.", ASK_FOR_OPERATOR], *answers)
    await world.until_listening()
    await world.say("дайте людину")


# An operator.


async def test_a_transfer_is_announced_to_its_last_frame(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await ask_for_operator(world, [ANNOUNCED])
        ending = await world.until_ended()
    assert (ending.outcome, ending.reason, ending.summary) == (Outcome.TRANSFERRED, "customer_request", "Хоче людину.")
    verdict = world.registry.next(CALL)
    assert (verdict.next, verdict.reason, verdict.summary) == ("operator", "customer_request", "Хоче людину.")
    announcement = world.heard_of(ANNOUNCED)[0]
    assert announcement.complete
    assert world.line.closed_at is not None
    assert 0 < world.line.closed_at - announcement.ended_at <= 0.041
    assert TRANSFER not in world.heard(), "said once"
    assert [e.state for e in world.told(StateChanged)][-2:] == [State.TRANSFERRING, State.ENDED]


async def test_a_transfer_without_a_word_of_the_model_has_the_fixed_phrase(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await ask_for_operator(world, [""], [""])
        ending = await world.until_ended()
    assert ending.outcome is Outcome.TRANSFERRED
    assert world.heard()[-2:] == ["Хвилинку.", TRANSFER]


async def test_the_announcement_is_not_cut_by_the_caller(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await ask_for_operator(world, [ANNOUNCED])
        await world.until_heard(ANNOUNCED, frames=20)
        await world.say("а зачекайте ще питання")
        await world.until_ended()
    assert world.heard_of(ANNOUNCED)[0].complete
    assert not world.told(Interrupted)


async def test_a_caller_who_speaks_while_the_transfer_is_made_does_not_stop_the_line(autojump_clock: MockClock) -> None:
    """The voice began before the tool ran: the bot was on hold when it became uninterruptible."""
    async with calling() as world:
        world.model.will_answer(["Хвилинку.", 0.5, ASK_FOR_OPERATOR], [ANNOUNCED])
        await world.until_listening()
        await world.say("дайте людину")
        await trio.sleep(0.6)
        await world.noise(0.4)
        ending = await world.until_ended(10)
    assert ending.outcome is Outcome.TRANSFERRED
    assert world.heard_of(ANNOUNCED)[0].complete


async def test_zero_is_an_operator_at_any_time(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_heard("Це магазин", frames=30)
        world.phone.press("0")
        ending = await world.until_ended(10)
    assert (ending.outcome, ending.reason) == (Outcome.TRANSFERRED, "customer_request")
    assert world.told(BotSaid)[0].interrupted
    assert world.heard_of(TRANSFER)[0].complete


# The keypad.


async def test_digits_are_a_turn(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.model.will_answer("Дякую, записала.")
        await world.until_listening()
        world.phone.press("380501112233#")
        pressed_at = trio.current_time()
        await world.until_heard("записала", frames=5)
        assert world.heard_of("записала")[0].began_at - pressed_at == pytest.approx(0.4, abs=0.02)
        await world.until_listening()
    said = world.told(CallerSaid)[0]
    assert (said.turn, said.text) == (1, TEXTS.model.pressed.format(digits="380501112233"))
    assert world.story()[-1] == "1 bot: Дякую, записала."


# The caller hangs up.


async def greeting(world: World) -> None:
    await world.until_heard("Це магазин", frames=60)


async def listening(world: World) -> None:
    await world.until_listening()
    await trio.sleep(1)


async def thinking(world: World) -> None:
    world.model.will_answer([STALL])
    await world.until_listening()
    await world.say("зимові шини")
    await trio.sleep(0.5)


async def speaking(world: World) -> None:
    world.model.will_answer("Дуже довге речення про зимові шини для вашої машини.")
    await world.until_listening()
    await world.say("зимові шини")
    await world.until_heard("Дуже довге", frames=60)


async def held(world: World) -> None:
    await speaking(world)
    await world.noise(0.2)


async def transferring(world: World) -> None:
    await ask_for_operator(world, [ANNOUNCED])
    await world.until_heard(ANNOUNCED, frames=60)


@pytest.mark.parametrize("doing", [greeting, listening, thinking, speaking, held, transferring])
async def test_a_caller_who_hangs_up_is_gone_at_once(doing: Any, autojump_clock: MockClock) -> None:
    async with calling() as world:
        await doing(world)
        gone_at = trio.current_time()
        world.hang_up()
        ending = await world.until_ended(1)
        assert trio.current_time() - gone_at < 0.1
    assert (ending.outcome, ending.reason) == (Outcome.CALLER_HUNG_UP, "eof")
    assert world.registry.next(CALL).next == "operator", "nobody asks of a caller who left: who does, has them still"
    heard_ms = sum(h.frames for h in world.line.heard()) * 20
    assert sum(e.heard_ms for e in world.told(BotSaid)) == heard_ms, "all that was heard is told, and nothing else"


async def test_a_caller_who_was_never_there(autojump_clock: MockClock) -> None:
    async with calling() as world:
        world.hang_up("reset")
        ending = await world.until_ended(1)
    assert ending.outcome is Outcome.CALLER_HUNG_UP


@pytest.mark.parametrize("reason", ["protocol_error: frame too long", "stalled", "error_frame: code 4", "local: sink"])
async def test_a_line_lost_otherwise_leaves_the_caller_to_an_operator(reason: str, autojump_clock: MockClock) -> None:
    async with calling() as world:
        await world.until_listening()
        world.hang_up(reason)
        ending = await world.until_ended(1)
    assert (ending.outcome, ending.reason) == (Outcome.FAILED_OVER, reason)
    assert world.registry.next(CALL).next == "operator"


async def order_in_flight(world: World) -> None:
    """Until the draft is being written at the store, which takes three seconds."""
    world.model.will_answer(*WHOLE_ORDER, ["Оформила."])
    await world.until_listening()
    await world.say("чотири зимові шини")
    await world.until(lambda: world.told(ToolRan))
    world.shop.delay = 3.0
    await world.until(lambda: world.shop.asked("POST /orders"))


async def test_an_order_in_flight_is_finished_and_on_record_though_the_caller_left(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await order_in_flight(world)
        world.hang_up()
        await world.until_ended(4)
    assert [(e.name, e.ok) for e in world.told(ToolRan)] == [("search_tires", True), ("create_order_draft", True)]
    assert world.shop.orders == 1
    assert world.told(ToolRan)[1].result["order_number"] == "N1"


async def test_an_order_in_flight_is_not_repeated_by_an_interruption(autojump_clock: MockClock) -> None:
    async with calling() as world:
        await order_in_flight(world)
        world.model.answers.appendleft(["Так, уже оформила."])
        await world.say("алло ви де")
        await world.until_heard("Так, уже", frames=10)
        uses = [b.name for m in world.model.requests[-1].messages for b in m.blocks if isinstance(b, ToolUse)]
        assert uses == ["search_tires", "create_order_draft"]
    assert world.shop.orders == 1
    assert len(world.told(ToolRan)) == 2
    assert world.story()[1].startswith("1 caller: чотири")
    assert "1 caller amended: чотири зимові шини алло ви де" in world.story()


# Limits.


async def test_a_call_too_long_goes_to_an_operator(autojump_clock: MockClock) -> None:
    async with calling(call={"max_duration": 10.0}) as world:
        world.model.will_answer(["Дуже довга відповідь про зимові шини для вашої чудової нової машини. " * 3])
        await world.until_listening()
        await world.say("зимові шини")
        ending = await world.until_ended()
    assert (ending.outcome, ending.reason) == (Outcome.TRANSFERRED, "too_long")
    begun = world.heard_of(TRANSFER)[0].began_at - world.line.frames[0][0]
    assert begun == pytest.approx(10.0, abs=0.2)
    assert world.heard_of(TRANSFER)[0].complete


async def test_a_line_without_media_is_given_up(autojump_clock: MockClock) -> None:
    async with calling(call={"silence_prompt_after": 300.0}) as world:
        await world.until_listening()
        await trio.sleep(2)
        world.phone.is_muted = True
        muted_at = trio.current_time()
        ending = await world.until_ended(70)
        assert trio.current_time() - muted_at == pytest.approx(60, abs=0.2)
    assert (ending.outcome, ending.reason) == (Outcome.CALLER_HUNG_UP, "no_media")


async def test_the_time_limit_does_not_cut_the_announcement_of_a_transfer(autojump_clock: MockClock) -> None:
    async with calling(call={"max_duration": 15.0}) as world:
        await world.until_listening()
        await trio.sleep(15.0 - (trio.current_time() - world.began_at) - 2.5)
        world.phone.press("0")
        await world.until_ended()
    assert world.told(CallEnded)[0].reason == "customer_request"
    assert world.heard_of(TRANSFER)[0].complete
