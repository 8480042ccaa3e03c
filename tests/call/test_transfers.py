"""A caller goes to an operator: what was announced is heard to its end, and what comes of it ends the call or not."""

import pytest
import trio
from trio.testing import MockClock

from engine.call.events import CallEnded, CallerSaid, Interrupted, StateChanged, TransferTried
from engine.call.line_end import ANSWER_SECONDS
from engine.call.states import Outcome, State
from engine.dialogue.llm import ToolUse
from engine.errors import ModelError
from engine.pbx.operators import Transferred, TransferResult
from engine.speech.verbalize import verbalize
from tests.call.world import CALL, TEXTS, World, calling
from tests.dialogue.desk import HOURS

CHANNEL = "PJSIP/trunk-00000007"
ANNOUNCED = {"channel": CHANNEL}
TRANSFER = TEXTS.phrases.transfer
SORRY = TEXTS.phrases.transfer_failed
CLOSED = verbalize(TEXTS.operators.closed.format(hours=HOURS))
ASK = ToolUse("t9", "transfer_to_operator", {"reason": "cannot_help", "summary": "Шукає рідкісні шини."})
REACHED = TransferResult(Transferred.REACHED_QUEUE)
FAILED = TransferResult(Transferred.FAILED, "no such context")


async def press_zero(world: World) -> None:
    """Until the PBX is being asked."""
    await world.until_listening()
    world.phone.press("0")
    await world.until(lambda: world.desk.asked, 10)


def tried(world: World) -> list[tuple[str, Transferred, str]]:
    return [(event.reason, event.outcome, event.detail) for event in world.told(TransferTried)]


# The PBX takes the caller.


async def test_the_pbx_is_asked_when_the_last_frame_has_been_played(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = REACHED
        await world.until_listening()
        await world.say("зимові шини на Октавію")
        await world.until_heard("Гаразд", frames=5)
        await press_zero(world)
        await trio.sleep(0.1)
        world.hang_up()
        ending = await world.until_ended(5)
    asked_at, channel, handover = world.desk.asked[0]
    announcement = world.heard_of(TRANSFER)[0]
    assert announcement.complete
    assert asked_at >= announcement.ended_at
    assert channel == CHANNEL
    assert handover.reason == "customer_request"
    assert "зимові шини на Октавію" in handover.summary
    assert (ending.outcome, ending.reason, ending.summary) == (
        Outcome.TRANSFERRED,
        "customer_request",
        handover.summary,
    )
    assert tried(world) == [("customer_request", Transferred.REACHED_QUEUE, "")]
    assert len(world.desk.asked) == 1


async def test_the_line_may_end_before_the_pbx_says_that_it_has_the_caller(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers, world.desk.takes = REACHED, 0.6
        await press_zero(world)
        await trio.sleep(0.6 - ANSWER_SECONDS / 2)
        world.hang_up()
        ending = await world.until_ended(5)
    assert ending.outcome is Outcome.TRANSFERRED
    assert world.desk.cancelled == 0


async def test_a_line_that_the_pbx_does_not_end_is_ended_by_us(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = REACHED
        await press_zero(world)
        asked_at = trio.current_time()
        ending = await world.until_ended(5)
        assert trio.current_time() - asked_at == pytest.approx(2.0, abs=0.1)
    assert ending.outcome is Outcome.TRANSFERRED


# The caller goes.


async def test_a_caller_who_hangs_up_cancels_the_transfer(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers, world.desk.takes = REACHED, 10.0
        await press_zero(world)
        await trio.sleep(1)
        world.hang_up()
        ending = await world.until_ended(ANSWER_SECONDS + 0.1)
    assert (ending.outcome, ending.reason) == (Outcome.CALLER_HUNG_UP, "eof")
    assert world.desk.cancelled == 1
    assert [outcome for _, outcome, _ in tried(world)] == [Transferred.CALLER_GONE]


async def test_a_caller_of_whom_the_pbx_knows_nothing_any_more_has_hung_up(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = TransferResult(Transferred.CALLER_GONE, "no such channel")
        await press_zero(world)
        ending = await world.until_ended(5)
    assert (ending.outcome, ending.reason) == (Outcome.CALLER_HUNG_UP, "gone_before_transfer")


async def test_a_line_lost_during_the_transfer_leaves_the_caller_to_the_dialplan(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.takes = 10.0
        await press_zero(world)
        world.hang_up("stalled")
        ending = await world.until_ended(5)
    assert (ending.outcome, ending.reason) == (Outcome.FAILED_OVER, "stalled")


# Nobody takes the caller.


async def test_a_transfer_that_fails_puts_the_bot_back(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers, world.desk.takes = FAILED, 0.4
        world.model.will_answer(["Хвилинку.", ASK], [TRANSFER], ["Так, є. " * 8])
        await world.until_listening()
        await world.say("рідкісні шини")
        await world.until_heard(SORRY, frames=10)
        await world.until_listening()
        assert world.heard_of(SORRY)[0].complete
        await world.say("а звичайні")
        await world.until_heard("Так, є.", frames=10)
        await world.say("зачекайте я передумав")
        await world.until(lambda: world.told(Interrupted), 5)
        offered = {tool.name for tool in world.model.requests[-1].tools}
        assert {"search_tires", "transfer_to_operator"} <= offered
    assert tried(world) == [("cannot_help", Transferred.FAILED, "no such context")]
    assert world.desk.asked[0][2].summary == "Шукає рідкісні шини."
    states = [event.state for event in world.told(StateChanged)]
    assert states[states.index(State.TRANSFERRING) + 1] is State.LISTENING
    assert world.told(CallEnded)[0].outcome is Outcome.CALLER_HUNG_UP


async def test_what_was_said_during_the_transfer_is_not_lost(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers, world.desk.takes = FAILED, 3.0
        await press_zero(world)
        world.phone.press("0100301#")
        await trio.sleep(2)
        await world.until_heard("Гаразд", frames=5)
    assert len(world.desk.asked) == 1, "who presses 0 once more has not asked twice"
    assert world.told(CallerSaid)[-1].text == TEXTS.model.pressed.format(digits="100301")


async def test_a_part_that_is_broken_leaves_the_caller_to_the_dialplan(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.answers = FAILED
        world.model.will_answer([ModelError("anthropic", "401", retryable=False)])
        await world.until_listening()
        await world.say("зимові шини")
        ending = await world.until_ended(20)
    assert (ending.outcome, ending.reason) == (Outcome.FAILED_OVER, "model_failed")
    assert tried(world) == [("model_failed", Transferred.FAILED, "no such context")]
    assert world.registry.next(CALL).next == "operator"
    assert "зимові шини" in world.registry.next(CALL).summary
