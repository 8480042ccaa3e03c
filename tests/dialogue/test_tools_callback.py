"""Operators, and what is offered where there are none; what a caller tells of himself."""

import pytest
from trio.testing import MockClock

from engine.dialogue.tools.toolbox import TOOLS
from engine.pbx.operators import Presence
from engine.records.rows import CallbackRow, ProfileRow
from tests.dialogue.desk import HOURS
from tests.dialogue.tool_shop import NOW, PHONE, SIZE, Caller, calling

ASKED = {"note": "Хоче шини 215/55 R17", "preferred_time": "завтра після обіду"}
TRANSFER = {"reason": "customer_request", "summary": "Хоче людину"}


async def nobody_there(caller: Caller, presence: Presence = Presence.CLOSED) -> None:
    caller.desk.is_there = presence
    assert (await caller.ok("transfer_to_operator", **TRANSFER))["status"] == "nobody_there"


@pytest.mark.parametrize("presence", [Presence.CLOSED, Presence.NOBODY])
async def test_no_operator_is_promised_where_none_is(presence: Presence, autojump_clock: MockClock) -> None:
    async with calling() as caller:
        assert "create_callback_request" not in caller.offered()
        caller.desk.is_there = presence
        answer = await caller.ok("transfer_to_operator", **TRANSFER)
        assert answer["status"] == "nobody_there"
        assert answer["hours"] == HOURS
        assert "передзвонили" in answer["note"]
        assert caller.toolbox.transfer is None
        assert HOURS in caller.toolbox.context()
        assert "create_callback_request" in caller.offered()
        await caller.ok("search_tires", **SIZE)


async def test_a_call_back_is_put_on_record_once(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await nobody_there(caller)
        assert (await caller.ok("create_callback_request", **ASKED))["status"] == "accepted"
        await caller.ok("create_callback_request", **ASKED | {"preferred_time": "увечері"})
    first, second = caller.kept
    assert isinstance(first, CallbackRow)
    assert isinstance(second, CallbackRow)
    assert (first.phone, first.note, first.preferred_time, first.created_at) == (
        PHONE, ASKED["note"], ASKED["preferred_time"], NOW,
    )  # fmt: skip
    assert first.id == second.id, "asked for again it is changed, not doubled"
    assert second.preferred_time == "увечері"


async def test_it_is_possible_when_nothing_else_is_any_more(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        for _ in range(10):
            await caller.ok("search_tires", **SIZE)
        await nobody_there(caller)
        assert caller.offered() == {"transfer_to_operator", "create_callback_request"}
        await caller.ok("create_callback_request", **ASKED)


async def test_a_withheld_number_is_asked_for(autojump_clock: MockClock) -> None:
    async with calling(phone=None) as caller:
        await nobody_there(caller)
        assert "номер" in await caller.refused("create_callback_request", **ASKED)
        invented = await caller.refused("create_callback_request", **ASKED, number="0671234567")
        assert "не називав" in invented
        caller.toolbox.caller_said("Записуйте: 067 123")
        caller.toolbox.caller_said("45 67")
        await caller.ok("create_callback_request", **ASKED, number="067 123-45-67")
        assert "не називав" in await caller.refused("create_callback_request", **ASKED, number="12")
    [row] = caller.kept
    assert isinstance(row, CallbackRow)
    assert row.phone == "+380671234567"


async def test_a_transfer_that_failed_lets_the_caller_go_on(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.agree()
        await caller.ok("transfer_to_operator", **TRANSFER)
        caller.toolbox.transfer_failed()
        assert caller.toolbox.transfer is None
        refusal = await caller.refused("confirm_order", order_id="o1", payment_method="cod")
        assert "зачитайте" in refusal, "a yes from before is asked for anew"
        caller.toolbox.bot_said("Чотири шини Nokian, доставка в Київ, разом 9 550 грн. Підтверджуєте?")
        caller.toolbox.caller_said("Так")
        await caller.ok("confirm_order", order_id="o1", payment_method="cod")
        caller.toolbox.transfer_failed()
        assert "замовлення підтверджено" in caller.toolbox.context()


async def test_an_operator_who_is_back_is_promised_again(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await nobody_there(caller, Presence.NOBODY)
        caller.desk.is_there = Presence.AVAILABLE
        assert await caller.toolbox.presence() is Presence.AVAILABLE
        assert "create_callback_request" not in caller.offered()
        assert (await caller.ok("transfer_to_operator", **TRANSFER))["status"] == "transferring"


async def test_what_a_caller_tells_of_himself_is_kept(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        saved = await caller.ok("update_customer_profile", name="Олена", vehicle="Skoda Octavia 2016", city="")
        assert saved == {"status": "saved", "name": "Олена", "vehicle": "Skoda Octavia 2016"}
        await caller.refused("update_customer_profile")
    assert caller.kept == [ProfileRow(PHONE, "Олена", None, "Skoda Octavia 2016", updated_at=NOW)]


async def test_nothing_is_kept_of_whom_nobody_knows(autojump_clock: MockClock) -> None:
    async with calling(phone=None) as caller:
        assert "update_customer_profile" not in caller.offered()
        await caller.refused("update_customer_profile", name="Олена")
    assert caller.kept == []


def test_no_tool_takes_a_phone_of_the_model() -> None:
    assert "phone" not in TOOLS["create_callback_request"].spec.schema["properties"]


# What an operator is told.


async def test_the_summary_says_what_the_code_knows(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        assert caller.toolbox.summary("") == "Клієнт ще нічого не сказав."
        caller.toolbox.note("У меню телефону клієнт обрав: нове замовлення.")
        await caller.ok("search_tires", **SIZE)
        told = caller.toolbox.summary("  є зимові\n шини? ")
        assert told == (
            "Останні слова клієнта: «є зимові шини?». У меню телефону клієнт обрав: нове замовлення. "
            "Шукали шини: зимові 215/55 R17."
        )
        await caller.agree()
        told = caller.toolbox.summary("дайте людину")
        for part in ("«дайте людину»", "№ N1", "Nokian R2 215/55 R17 × 4", "Хрещатик 22", "9550 грн"):
            assert part in told
        await caller.ok("confirm_order", order_id="o1", payment_method="cod")
        assert "Підтверджено замовлення № N1, 9550 грн." in caller.toolbox.summary("дайте людину")
        assert len(caller.toolbox.summary("слово " * 500)) <= 600
