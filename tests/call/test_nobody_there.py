"""Where no operator is there the caller is told so, and is called back; and how a menu's choice opens a call."""

import pytest
from trio.testing import MockClock

from engine.call.events import CallerSaid
from engine.call.states import Outcome
from engine.dialogue.llm import ToolOutcome, ToolUse
from engine.pbx.operators import Presence
from engine.records.rows import CallbackRow
from engine.speech.verbalize import verbalize
from tests.call.world import CALL, TEXTS, call_in, calling, shop_floor
from tests.dialogue.desk import HOURS, Desk
from tests.dialogue.tool_shop import PHONE

ANNOUNCED = {"channel": "PJSIP/trunk-00000007"}
TRANSFER = TEXTS.phrases.transfer
CLOSED = verbalize(TEXTS.operators.closed.format(hours=HOURS))
ASK = ToolUse("t9", "transfer_to_operator", {"reason": "cannot_help", "summary": "Шукає рідкісні шини."})


# Nobody is there.


@pytest.mark.parametrize(("presence", "said"), [(Presence.CLOSED, CLOSED), (Presence.NOBODY, TEXTS.operators.nobody)])
async def test_zero_out_of_hours_offers_a_call_back(presence: Presence, said: str, autojump_clock: MockClock) -> None:
    take = ToolUse("t1", "create_callback_request", {"note": "Шини R16", "preferred_time": "завтра зранку"})
    async with calling(announced=ANNOUNCED) as world:
        world.desk.is_there = presence
        world.model.will_answer(["Коли вам зручно?"], [take], ["Записала, передзвонимо."])
        await world.until_listening()
        world.phone.press("0")
        await world.until_heard(said, frames=20)
        await world.until_listening()
        await world.say("так передзвоніть")
        await world.until_heard("Коли вам", frames=5)
        assert "create_callback_request" in {tool.name for tool in world.model.requests[0].tools}
        assert "create_callback_request" in world.model.requests[0].context
        await world.until_listening()
        await world.say("завтра зранку")
        await world.until_heard("Записала", frames=5)
    assert world.desk.asked == []
    [row] = world.kept
    assert isinstance(row, CallbackRow)
    assert (row.call_id, row.phone, row.preferred_time, row.note) == (CALL, PHONE, "завтра зранку", "Шини R16")


async def test_out_of_hours_the_model_knows_it_from_the_beginning(autojump_clock: MockClock) -> None:
    desk = Desk()
    desk.is_there = Presence.CLOSED
    async with shop_floor(desk=desk) as make, call_in(make(CALL)) as world:
        await world.until_listening()
        await world.say("зимові шини")
        await world.until_heard("Гаразд", frames=5)
        assert HOURS in world.model.requests[0].context


async def test_the_model_is_told_that_nobody_is_there(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        world.desk.is_there = Presence.CLOSED
        world.model.will_answer([ASK], [f"Оператори на зв'язку {HOURS}. Передзвонити вам?"])
        await world.until_listening()
        await world.say("дайте людину")
        await world.until_heard("Передзвонити вам", frames=20)
        await world.until_listening()
    outcomes = [b for m in world.model.requests[-1].messages for b in m.blocks if isinstance(b, ToolOutcome)]
    assert HOURS in outcomes[0].content
    assert "nobody_there" in outcomes[0].content
    assert world.desk.asked == []


# What the menu chose.


async def test_who_chose_the_operator_goes_straight_to_one(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED | {"intent": "operator"}) as world:
        ending = await world.until_ended(20)
    assert (ending.outcome, ending.reason) == (Outcome.TRANSFERRED, "customer_request")
    assert world.heard()[-1] == TRANSFER
    assert world.model.requests == []
    assert "оператор" in ending.summary


async def test_who_chose_the_operator_out_of_hours_is_heard(autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED | {"intent": "operator"}) as world:
        world.desk.is_there = Presence.CLOSED
        await world.until_heard(CLOSED, frames=20)
        await world.until_listening()
        await world.say("ні, дякую, зимові шини")
        await world.until_heard("Гаразд", frames=5)


async def test_the_opening_fits_the_choice_and_the_model_knows(autojump_clock: MockClock) -> None:
    async with calling(announced={"intent": "order_status"}) as world:
        await world.until_listening()
        await world.say("сто триста один")
        await world.until_heard("Гаразд", frames=5)
    chosen = TEXTS.intents["order_status"]
    assert world.heard()[1] == chosen.opening
    assert TEXTS.phrases.notice not in world.heard()
    assert chosen.note in world.model.requests[0].context


async def test_whom_nobody_took_in_the_queue_is_offered_a_call_back(autojump_clock: MockClock) -> None:
    async with calling(announced={"intent": "callback"}) as world:
        await world.until_listening()
        await world.say("так")
        await world.until_heard("Гаразд", frames=5)
    assert world.heard()[0] == TEXTS.intents["callback"].opening, "greeted he was before"
    assert "create_callback_request" in {tool.name for tool in world.model.requests[0].tools}


async def test_a_choice_that_nothing_is_known_of_is_ignored(autojump_clock: MockClock) -> None:
    async with calling(announced={"intent": "pizza"}) as world:
        await world.until_listening()
    assert world.heard()[1] == TEXTS.phrases.notice


# The keypad.


@pytest.mark.parametrize("over_the_bot", [False, True])
async def test_a_zero_within_a_number_is_a_digit(over_the_bot: bool, autojump_clock: MockClock) -> None:
    async with calling(announced=ANNOUNCED) as world:
        if over_the_bot:
            await world.until_heard("Це магазин", frames=30)
        else:
            await world.until_listening()
        world.phone.press("100301#")
        await world.until_heard("Гаразд", frames=5)
    assert world.told(CallerSaid)[0].text == TEXTS.model.pressed.format(digits="100301")
    assert world.desk.asked == []
