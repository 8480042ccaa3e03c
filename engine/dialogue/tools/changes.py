"""What the tools change in the store, each as a function of a request in JSON values.

A request is on record before it is made. So whoever finds one left open by a crash can make it again, with the same
key and no call around it, and gets the same answer for the model.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from engine.dialogue.llm import JsonObject
from engine.errors import StoreRejected
from engine.store.actions import KEY_LIFE
from engine.store.asked import Confirmation, DeliveryChoice, NewBooking, NewOrder
from engine.store.client import StoreClient
from engine.store.models import Order

CANCELLED: Final = "cancelled"
_NOT_FOUND: Final = 404

type Result = dict[str, Any]
"""What the model is told, as JSON values."""
type Perform = Callable[[StoreClient, JsonObject, str], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Change:
    """`repeatable`: for how long after a crash it may be made again. The store recognises a request by its key for a
    day; where the contract has no key, later than this somebody may have changed the same thing by hand."""

    perform: Perform
    repeatable: timedelta


def number(amount: Decimal) -> int | float:
    """Money for JSON: whole hryvnias as an integer."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


async def _create_order(store: StoreClient, request: JsonObject, key: str) -> Result:
    order = await store.create_order(NewOrder.model_validate(request["order"]), key=key)
    return _drafted(order, request["names"])


async def _set_delivery(store: StoreClient, request: JsonObject, key: str) -> Result:
    """No harm twice; once the order is confirmed, the store refuses."""
    choice = DeliveryChoice.model_validate(request["choice"])
    delivery = await store.set_delivery(request["order_id"], choice, key=key)
    return {
        "order_id": request["order_id"],
        "delivery_cost": number(delivery.cost),
        "total": number(delivery.total),
    }


async def _confirm_order(store: StoreClient, request: JsonObject, key: str) -> Result:
    confirmation = Confirmation.model_validate(request["confirmation"])
    order = await store.confirm_order(request["order_id"], confirmation, key=key)
    return {
        "order_number": order.order_number or request["order_number"],
        "status": order.status,
        "total": number(order.total) if order.total is not None else request["total"],
    }


async def _book_fitting(store: StoreClient, request: JsonObject, key: str) -> Result:
    booking = NewBooking.model_validate(request["booking"])
    booked = await store.book_fitting(booking, key=key)
    station = booked.station or request["station"]
    return {"booking_id": booked.id, "station": station, "date": booking.date, "time": booking.time}


async def _change_booking(store: StoreClient, request: JsonObject, key: str) -> Result:
    return await (_cancel if request["action"] == "cancel" else _move)(store, request, key)


async def _cancel(store: StoreClient, request: JsonObject, key: str) -> Result:
    """One that is gone is cancelled: the answer to an earlier try may have been lost."""
    booking_id = request["booking_id"]
    try:
        await store.cancel_booking(booking_id, key=key)
    except StoreRejected as rejection:
        if rejection.status != _NOT_FOUND or await _stands(store, request):
            raise
    return {"booking_id": booking_id, "status": CANCELLED}


async def _move(store: StoreClient, request: JsonObject, key: str) -> Result:
    """One that is there already was moved: the time it has taken itself is no longer free."""
    day, time = request["date"], request["time"]
    try:
        await store.move_booking(request["booking_id"], date=day, time=time, key=key)
    except StoreRejected:
        if not await _stands(store, request, date=day, time=time):
            raise
    return {"booking_id": request["booking_id"], "status": "rescheduled", "date": day, "time": time}


async def _stands(store: StoreClient, request: JsonObject, **at: str) -> bool:
    """Whether the caller still has that booking, at that time if one is given."""
    return any(
        booking.id == request["booking_id"]
        and booking.status != CANCELLED
        and all(getattr(booking, name) == value for name, value in at.items())
        for booking in await store.bookings(request["phone"])
    )


def _drafted(order: Order, names: Mapping[str, str]) -> Result:
    """The store's prices; its names where it gives them, else those found in the search."""
    items = [
        {
            "product_id": item.product_id,
            "name": item.name or names.get(item.product_id, ""),
            "quantity": item.quantity,
            "price": number(item.price),
        }
        for item in order.items
    ]
    sum_of_items = sum((item.price * item.quantity for item in order.items), Decimal(0))
    subtotal = sum_of_items if order.subtotal is None else order.subtotal
    return {
        "order_id": order.id,
        "order_number": order.order_number,
        "items": items,
        "subtotal": number(subtotal),
    }


_KEYED: Final = KEY_LIFE - timedelta(hours=1)
_WITHOUT_KEY: Final = timedelta(minutes=10)

CHANGES: Final[Mapping[str, Change]] = {
    "create_order_draft": Change(_create_order, _KEYED),
    "update_order_delivery": Change(_set_delivery, _WITHOUT_KEY),
    "confirm_order": Change(_confirm_order, _KEYED),
    "book_fitting": Change(_book_fitting, _KEYED),
    "cancel_fitting": Change(_change_booking, _WITHOUT_KEY),
}
"""Each mutating tool's."""
