"""Ordering: nothing is bought that the caller did not want, and nothing he wanted is lost or doubled."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
import trio
from trio.testing import MockClock

from engine.dialogue.llm import ToolOutcome, ToolUse
from engine.store.actions import MemoryActionLog
from tests.dialogue.tool_shop import NOW, PHONE, SIZE, calling


async def test_a_whole_order(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        assert not caller.offered() & {"check_availability", "create_order_draft", "confirm_order"}
        draft = await caller.draft()
        assert draft == {
            "order_id": "o1", "order_number": "N1", "subtotal": 9400,
            "items": [{"product_id": "t2", "name": "Nokian R2 215/55 R17", "quantity": 4, "price": 2350}],
        }  # fmt: skip
        assert "confirm_order" not in caller.offered()
        assert await caller.deliver() == {"order_id": "o1", "delivery_cost": 150, "total": 9550}
        assert "confirm_order" in caller.offered()
        caller.toolbox.bot_said("Чотири шини Nokian з доставкою в Київ.")
        caller.toolbox.bot_said("Разом 9 550 грн. Усе вірно?")
        caller.toolbox.caller_said("Да, оформляйте")
        confirmed = await caller.ok("confirm_order", order_id="o1", payment_method="cod", customer_name="Олена")
        assert confirmed == {"order_number": "N1", "status": "confirmed", "total": 9550}
        assert not caller.offered() & {"confirm_order", "update_order_delivery"}
        sent = json.loads(caller.shop.asked("POST /orders")[0].content)
    assert (sent["customer_phone"], sent["call_id"], sent["source"]) == (PHONE, str(UUID(int=1)), "ai_agent")


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("", "Так"),
        ("Чотири шини Nokian з доставкою в Київ.", "Так, підтверджую"),
        ("Разом 9 550 грн.", "Так, підтверджую"),
        ("Чотири шини з доставкою, разом 9 550 грн. Вірно?", "Ні"),
        ("Чотири шини з доставкою, разом 9 550 грн. Вірно?", "Так, але іншу адресу"),
        ("Чотири шини з доставкою, разом 9 550 грн. Вірно?", "А коли привезуть?"),
        ("Чотири шини з доставкою, разом 9 400 грн. Вірно?", "Так"),
    ],
)
async def test_no_confirmation_without_a_yes_to_what_was_heard(
    heard: str, said: str, autojump_clock: MockClock
) -> None:
    async with calling() as caller:
        await caller.draft()
        await caller.deliver()
        caller.toolbox.bot_said(heard)
        caller.toolbox.caller_said(said)
        await caller.refused("confirm_order", order_id="o1", payment_method="cod")
        assert not caller.shop.asked("POST /orders/o1/confirm")


async def test_a_change_after_the_yes_takes_it_back(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.agree()
        await caller.deliver()
        assert "зачитайте" in await caller.refused("confirm_order", order_id="o1", payment_method="cod")


async def test_a_yes_before_the_read_back_is_none(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.draft()
        await caller.deliver()
        caller.toolbox.caller_said("Так, так, підтверджую все")
        caller.toolbox.bot_said("Чотири шини з доставкою, разом 9 550 грн.")
        assert "так" in await caller.refused("confirm_order", order_id="o1", payment_method="cod")


async def test_repeats_are_replayed_and_new_wishes_are_not(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        first = await caller.draft()
        again = await caller.ok("create_order_draft", items=[{"product_id": "t2", "quantity": 4}])
        assert first == again
        assert len(caller.shop.asked("POST /orders")) == 1
        await caller.deliver()
        caller.toolbox.bot_said("Чотири шини, доставка, 9 550 грн.")
        caller.toolbox.caller_said("Так")
        confirmed = await caller.ok("confirm_order", order_id="o1", payment_method="cod")
        assert await caller.ok("confirm_order", order_id="o1", payment_method="cod") == confirmed
        assert len(caller.shop.asked("POST /orders/o1/confirm")) == 1
        another = await caller.ok("create_order_draft", items=[{"product_id": "t2", "quantity": 4}])
        assert another["order_id"] == "o2"


async def test_an_interruption_does_not_lose_an_order(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.ok("search_tires", **SIZE)
        caller.shop.delay = 3
        outcomes: list[ToolOutcome] = []
        order = {"items": [{"product_id": "t2", "quantity": 4}]}
        with trio.move_on_after(1):
            outcomes.append(await caller.toolbox.run(ToolUse("u", "create_order_draft", order)))
        assert len(outcomes) == 1
        assert not outcomes[0].is_error
        assert "o1" in caller.toolbox.context()


async def test_ids_come_from_this_call(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.ok("search_tires", **SIZE)
        await caller.refused("check_availability", product_id="t99")
        await caller.refused("create_order_draft", items=[{"product_id": "t99", "quantity": 1}])
        await caller.ok("create_order_draft", items=[{"product_id": "t2", "quantity": 4}])
        await caller.refused("update_order_delivery", order_id="o77", delivery_type="delivery", city="К", address="Х")
        await caller.refused("update_order_delivery", order_id="o1", delivery_type="pickup", pickup_point_id="p1")
        await caller.ok("get_pickup_points", city="Київ")
        await caller.ok("update_order_delivery", order_id="o1", delivery_type="pickup", pickup_point_id="p1")
        assert {r.url.path for r in caller.shop.requests if "99" in r.url.path or "77" in r.url.path} == set()


@pytest.mark.parametrize(
    ("product", "quantity"), [("t4", 1), ("t2", 0), ("t2", -1), ("t2", 100), ("t2", 10_000), ("t6", 9)]
)
async def test_no_silly_orders(product: str, quantity: int, autojump_clock: MockClock) -> None:
    """At no price, of no or too many pieces, above 50,000 UAH: 9 at 6,000."""
    async with calling() as caller:
        await caller.ok("search_tires", **SIZE)
        hint = await caller.refused("create_order_draft", items=[{"product_id": product, "quantity": quantity}])
        assert quantity > 0 or "quantity" in hint
        assert not caller.shop.asked("POST /orders")


async def test_the_stores_own_zero_is_no_price_either(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.ok("search_tires", **SIZE)
        caller.shop.tires[1]["price"] = 0
        await caller.refused("create_order_draft", items=[{"product_id": "t2", "quantity": 4}])
        assert "update_order_delivery" not in caller.offered()


async def test_without_a_phone_there_are_no_orders(autojump_clock: MockClock) -> None:
    async with calling(phone=None) as caller:
        await caller.ok("search_tires", **SIZE)
        hint = await caller.refused(
            "create_order_draft", items=[{"product_id": "t2", "quantity": 4}], customer_phone=PHONE
        )
        assert "оператор" in hint
        for tool in ("get_order_status", "get_customer_bookings", "find_storage"):
            assert "оператор" in await caller.refused(tool)
        assert not [r for r in caller.shop.requests if "orders" in r.url.path or PHONE in str(r.url)]


async def test_the_models_phone_is_ignored_and_others_orders_are_not_read_out(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        mine = await caller.ok("get_order_status", phone="+380990000000", order_number="N9")
        assert mine == {"orders": [{"order_number": "N9", "status_label": "у дорозі", "total": 900}]}
        assert caller.shop.asked("GET /orders/search")[0].url.params["phone"] == PHONE
        caller.shop.order_phone = "+380990000000"
        assert await caller.ok("get_order_status", order_number="N9") == {"orders": []}
        contracts = (await caller.ok("find_storage"))["contracts"]
    assert contracts == [{"number": "З-1", "items": "4 шини"}]


async def test_three_orders_a_day(autojump_clock: MockClock) -> None:
    actions = MemoryActionLog()
    for call in range(3):
        async with calling(actions=actions, call=call) as caller:
            await caller.agree()
            await caller.ok("confirm_order", order_id="o1", payment_method="cod")
    async with calling(actions=actions, call=9) as caller:
        await caller.ok("search_tires", **SIZE)
        hint = await caller.refused("create_order_draft", items=[{"product_id": "t2", "quantity": 4}])
        assert "3" in hint
    async with calling(actions=actions, call=10, phone="+380990000000") as caller:
        await caller.draft()


async def test_yesterdays_orders_do_not_count(autojump_clock: MockClock) -> None:
    actions = MemoryActionLog()
    for call in range(5):
        async with calling(actions=actions, call=call, now=NOW - timedelta(days=5 - call)) as caller:
            await caller.agree()
            await caller.ok("confirm_order", order_id="o1", payment_method="cod")


async def test_after_a_no_everything_is_read_back_anew(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.agree()
        caller.toolbox.caller_said("Ні, зачекайте")
        caller.toolbox.bot_said("Добре. Доставка в Київ лишається?")
        caller.toolbox.caller_said("Так")
        hint = await caller.refused("confirm_order", order_id="o1", payment_method="cod")
        assert "суму" in hint
        caller.toolbox.bot_said("Чотири шини Nokian, доставка в Київ, разом 9 550 грн.")
        caller.toolbox.caller_said("Так")
        await caller.ok("confirm_order", order_id="o1", payment_method="cod")


async def test_an_address_changed_there_and_back_reaches_the_store_each_time(autojump_clock: MockClock) -> None:
    async with calling() as caller:
        await caller.draft()
        for address in ("Хрещатик 22", "Зелена 5", "Хрещатик 22"):
            await caller.ok(
                "update_order_delivery", order_id="o1", delivery_type="delivery", city="Київ", address=address
            )
        sent = caller.shop.asked("PATCH /orders/o1/delivery")
        assert [json.loads(request.content)["address"] for request in sent][-1] == "Хрещатик 22"
        assert len({request.headers["Idempotency-Key"] for request in sent}) == len(sent) == 3
