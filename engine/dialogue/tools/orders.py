"""Placing an order (draft, delivery, confirmation) and telling the caller about his own."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Protocol

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext, always
from engine.dialogue.tools.changes import Result, number
from engine.dialogue.tools.rules import (
    MAX_ORDERS_A_DAY,
    TOO_MANY_ORDERS,
    ToolRefused,
    require_affordable,
    require_known,
    require_prices,
)
from engine.dialogue.tools.stages import Stage
from engine.dialogue.tools.state import CallState, ConfirmedOrder, Draft, DraftLine
from engine.store.asked import Confirmation, DeliveryChoice, DeliveryType, NewOrder, OrderLine, PaymentMethod, Quantity
from engine.store.models import Order

CONFIRM: Final = "confirm_order"


class Line(Arguments):
    product_id: Annotated[str, Field(description="id із search_tires")]
    quantity: Quantity


class DraftArguments(Arguments):
    items: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]


class DeliveryArguments(Arguments):
    order_id: str
    delivery_type: DeliveryType
    city: Annotated[str | None, Field(max_length=80)] = None
    address: Annotated[str | None, Field(max_length=200, description="Вулиця, будинок або відділення пошти")] = None
    pickup_point_id: Annotated[str | None, Field(description="id із get_pickup_points")] = None


class ConfirmArguments(Arguments):
    order_id: str
    payment_method: PaymentMethod
    customer_name: Annotated[str | None, Field(max_length=80)] = None


class StatusArguments(Arguments):
    order_number: Annotated[str | None, Field(max_length=40, description="Якщо клієнт його назвав")] = None


class CityArguments(Arguments):
    city: Annotated[str, Field(min_length=1, max_length=80, description="Місто або вулиця")]


class Owned(Protocol):
    @property
    def customer_phone(self) -> str | None: ...


def own(thing: Owned, context: ToolContext) -> bool:
    """Whether it is the caller's. The store was asked by his phone; an answer that names another is not read out."""
    return thing.customer_phone in (None, context.phone)


async def _create_draft(asked: DraftArguments, context: ToolContext) -> Result:
    phone, known = context.phone, context.state.products
    wanted = [(known[require_known(line.product_id, known, "search_tires")], line.quantity) for line in asked.items]
    require_prices(tire.price for tire, _ in wanted)
    require_affordable(sum((tire.price * quantity for tire, quantity in wanted), Decimal(0)))
    await _require_orders_left(context)
    order = NewOrder(
        customer_phone=phone,
        items=tuple(OrderLine(product_id=line.product_id, quantity=line.quantity) for line in asked.items),
        call_id=str(context.call_id),
    )

    names = {tire.id: f"{tire.brand} {tire.model} {tire.size}" for tire, _ in wanted}
    result = await context.once({"order": order.body(), "names": names})
    draft = _draft_of(result)
    require_prices((*(line.price for line in draft.lines), draft.subtotal))
    require_affordable(draft.subtotal)
    context.state.draft_made(draft)
    return dict(result)


async def _set_delivery(asked: DeliveryArguments, context: ToolContext) -> Result:
    draft = _own_draft(asked.order_id, context.state)
    choice, place = _choice(asked, context.state)

    result = await context.once({"order_id": draft.order_id, "choice": choice.body()})
    total = Decimal(str(result["total"]))
    require_prices((total,))
    require_affordable(total)
    context.state.delivery_set(draft, place=place, total=total)
    return dict(result)


async def _confirm(asked: ConfirmArguments, context: ToolContext) -> Result:
    state = context.state
    draft = _own_draft(asked.order_id, state)
    _require_agreement(state)
    assert draft.total is not None, "agreed to without a total"
    require_affordable(draft.total)
    await _require_orders_left(context)
    confirmation = Confirmation(payment_method=asked.payment_method, customer_name=asked.customer_name)
    result = await context.once({
        "order_id": draft.order_id, "order_number": draft.order_number, "total": number(draft.total),
        "confirmation": confirmation.body(),
    })  # fmt: skip
    state.order_confirmed(ConfirmedOrder(draft.order_id, result["order_number"], Decimal(str(result["total"]))))
    return dict(result)


async def _status(asked: StatusArguments, context: ToolContext) -> Result:
    found = await context.store.find_orders(context.phone, order_number=asked.order_number)
    mine = [order for order in found if own(order, context)]
    return {"orders": [_status_of(order) for order in mine]}


async def _pickup_points(asked: CityArguments, context: ToolContext) -> Result:
    points = await context.store.pickup_points(asked.city)
    context.state.pickup_points |= {point.id: point for point in points}
    return {"pickup_points": [point.model_dump() for point in points]}


async def _require_orders_left(context: ToolContext) -> None:
    midnight = context.now.replace(hour=0, minute=0, second=0, microsecond=0)
    if await context.actions.count(CONFIRM, context.phone, midnight) >= MAX_ORDERS_A_DAY:
        raise ToolRefused(TOO_MANY_ORDERS)


def _require_agreement(state: CallState) -> None:
    if state.stage is Stage.AGREED:
        return
    if missing := state.read_back.missing:
        raise ToolRefused(f"Спершу зачитайте клієнтові {', '.join(missing)} і дочекайтеся його «так».")
    raise ToolRefused("Клієнт ще не підтвердив. Запитайте, чи все правильно, і дочекайтеся «так».")


def _own_draft(order_id: str, state: CallState) -> Draft:
    if state.draft is None or state.draft.order_id != order_id:
        raise ToolRefused("Такого замовлення в цьому дзвінку немає. Візьміть order_id із create_order_draft.")
    return state.draft


def _choice(asked: DeliveryArguments, state: CallState) -> tuple[DeliveryChoice, str]:
    """What to tell the store, and where it goes in words."""
    if asked.delivery_type == "pickup":
        point = state.pickup_points[require_known(asked.pickup_point_id, state.pickup_points, "get_pickup_points")]
        return DeliveryChoice(delivery_type="pickup", pickup_point_id=point.id), f"{point.name}, {point.address}"
    if not asked.city or not asked.address:
        raise ToolRefused("Для доставки потрібні місто й адреса. Запитайте їх.")
    return (
        DeliveryChoice(delivery_type="delivery", city=asked.city, address=asked.address),
        f"{asked.city}, {asked.address}",
    )


def _draft_of(result: Mapping[str, Any]) -> Draft:
    return Draft(
        result["order_id"],
        result["order_number"],
        tuple(
            DraftLine(item["product_id"], item["name"], item["quantity"], Decimal(str(item["price"])))
            for item in result["items"]
        ),
        Decimal(str(result["subtotal"])),
    )


def _status_of(order: Order) -> Result:
    total = order.total if order.total is not None else order.subtotal
    return {
        "order_number": order.order_number,
        "status_label": order.status_label or order.status,
        "total": None if total is None else number(total),
    }


TOOLS: Final = (
    Tool("get_order_status", "Стан замовлень клієнта: усіх або одного за номером.", StatusArguments, _status),
    Tool(
        "create_order_draft",
        "Створити чернетку замовлення. Зміна кількості чи товару — нова чернетка.",
        DraftArguments,
        _create_draft,
        offered=lambda state: always(state) and bool(state.products),
        mutating=True,
        occasion=lambda state: len(state.confirmed),
    ),
    Tool("get_pickup_points", "Пункти самовивозу за містом або вулицею.", CityArguments, _pickup_points),
    Tool(
        "update_order_delivery",
        "Указати доставку (місто й адреса) або самовивіз (пункт) і дізнатися загальну суму.",
        DeliveryArguments,
        _set_delivery,
        offered=lambda state: always(state) and state.draft is not None,
        mutating=True,
        occasion=lambda state: state.delivery_changes,
    ),
    Tool(
        CONFIRM,
        "Підтвердити замовлення. Лише після того, як клієнт почув товари, суму й доставку та сказав «так».",
        ConfirmArguments,
        _confirm,
        offered=lambda state: always(state) and state.draft is not None and state.draft.total is not None,
        mutating=True,
    ),
)
