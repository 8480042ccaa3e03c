"""The store's orders, from draft to confirmed, its delivery prices and pickup points.

Stock does not run down: the demo and the benchmarks order the same tyres again and again.
"""

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from ops.emulators.store_api_answers import (
    PHONE,
    IdempotencyKey,
    IdempotencyKeys,
    OptionalKey,
    Phone,
    Refused,
    data,
    page,
)
from ops.seed.catalogue import Catalogue

STATUS_LABELS = {
    "draft": "чернетка",
    "confirmed": "підтверджено",
    "processing": "комплектується",
    "shipped": "у дорозі",
    "delivered": "доставлено",
}
_FIRST_ORDER_NUMBER = 100301


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Item(Asked):
    product_id: str
    quantity: int = Field(ge=1, le=99)


class NewOrder(Asked):
    customer_phone: str = Field(pattern=PHONE)
    customer_name: str | None = None
    items: list[Item] = Field(min_length=1)
    source: str = "ai_agent"
    call_id: str


class DeliveryChoice(Asked):
    delivery_type: Literal["delivery", "pickup"]
    city: str | None = None
    address: str | None = None
    pickup_point_id: str | None = None


class Confirmation(Asked):
    payment_method: Literal["cod", "online", "card_on_delivery"]
    customer_name: str | None = None
    send_sms_confirmation: bool = True


class OrderBook:
    """Every order there is. All methods raise `Refused`."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime]) -> None:
        self._catalogue = catalogue
        self._tires = {tire.id: tire for tire in catalogue.tires}
        self._points = {point["id"]: point for point in catalogue.rest["pickup_points"]}
        self._now = now
        self._numbers = itertools.count(_FIRST_ORDER_NUMBER)
        self.orders: dict[str, dict[str, Any]] = {}
        self.placed: list[dict[str, Any]] = []
        """Confirmed here, oldest first; seeded orders are not among them."""
        for row in catalogue.rest["orders"]:
            self._seed(row)

    def draft(self, asked: NewOrder) -> dict[str, Any]:
        items = [self._item(item) for item in asked.items]
        order = self._new(str(next(self._numbers)), asked.customer_phone, asked.customer_name, items)
        order.update(source=asked.source, call_id=asked.call_id)
        return order

    def get(self, order_id: str) -> dict[str, Any]:
        if order_id not in self.orders:
            raise Refused(404, f"no order {order_id!r}")
        return self.orders[order_id]

    def search(self, phone: str | None, order_number: str | None, status: str | None) -> list[dict[str, Any]]:
        """Newest first. A phone sees its own orders only."""
        if phone is None and order_number is None:
            raise Refused(422, "phone or order_number is required")
        wanted = {"customer_phone": phone, "order_number": order_number, "status": status}
        return [
            order
            for order in reversed(self.orders.values())
            if order["status"] != "draft"
            and all(value is None or order[name] == value for name, value in wanted.items())
        ]

    def set_delivery(self, order_id: str, choice: DeliveryChoice) -> dict[str, Any]:
        order = self._draft(order_id)
        order["delivery"] = self._delivery(choice)
        cost = self.delivery_cost(choice.city, order["subtotal"]) if choice.delivery_type == "delivery" else 0
        order.update(delivery_cost=cost, total=order["subtotal"] + cost)
        return {"order_id": order_id, "delivery": order["delivery"], "cost": cost, "total": order["total"]}

    def confirm(self, order_id: str, confirmation: Confirmation) -> dict[str, Any]:
        order = self._draft(order_id)
        if order["delivery"] is None:
            raise Refused(422, "the order has no delivery yet", "delivery_missing")
        order["payment"] = {"method": confirmation.payment_method, "status": "pending"}
        order["customer_name"] = confirmation.customer_name or order["customer_name"]
        self._set_status(order, "confirmed")
        self.placed.append(order)
        return order

    def delivery_cost(self, city: str | None, order_total: float) -> int:
        prices = self._catalogue.rest["delivery"]
        if order_total >= prices["free_from"]:
            return 0
        cost: int = prices["cost_by_city"].get(city, prices["default_cost"])
        return cost

    def pickup_points(self, city: str) -> list[dict[str, Any]]:
        """By city, or by a part of the address."""
        sought = city.strip().lower()
        return [point for point in self._points.values() if sought in f"{point['city']} {point['address']}".lower()]

    def _item(self, item: Item) -> dict[str, Any]:
        tire = self._tires.get(item.product_id)
        if tire is None:
            raise Refused(422, f"no product {item.product_id!r}", "unknown_product")
        if item.quantity > tire.stock_quantity:
            raise Refused(422, f"only {tire.stock_quantity} in stock", "insufficient_stock")
        total = tire.price * item.quantity
        return {
            "product_id": tire.id,
            "name": tire.name,
            "quantity": item.quantity,
            "price": tire.price,
            "total": total,
        }

    def _delivery(self, choice: DeliveryChoice) -> dict[str, Any]:
        if choice.delivery_type == "delivery":
            if not choice.city or not choice.address:
                raise Refused(422, "delivery needs city and address")
            return {"type": "delivery", "city": choice.city, "address": choice.address}
        if choice.pickup_point_id not in self._points:
            raise Refused(422, "pickup needs a known pickup_point_id")
        return {"type": "pickup", "pickup_point_id": choice.pickup_point_id}

    def _draft(self, order_id: str) -> dict[str, Any]:
        order = self.get(order_id)
        if order["status"] != "draft":
            raise Refused(422, f"order {order['order_number']} is {order['status']}", "order_not_draft")
        return order

    def _new(self, number: str, phone: str, name: str | None, items: list[dict[str, Any]]) -> dict[str, Any]:
        subtotal = sum(item["total"] for item in items)
        order: dict[str, Any] = {
            "id": f"ord-{number}",
            "order_number": number,
            "customer_phone": phone,
            "customer_name": name,
            "items": items,
            "subtotal": subtotal,
            "delivery": None,
            "delivery_cost": 0,
            "total": subtotal,
            "payment": None,
            "tracking_number": None,
            "status_history": [],
        }
        self._set_status(order, "draft")
        self.orders[order["id"]] = order
        return order

    def _seed(self, row: dict[str, Any]) -> None:
        items = [self._item(Item(**item)) for item in row["items"]]
        order = self._new(row["order_number"], row["customer_phone"], row["customer_name"], items)
        order["delivery"] = row["delivery"]
        order["payment"] = {"method": row["payment_method"], "status": "pending"}
        order["tracking_number"] = row["tracking_number"]
        self._set_status(order, row["status"])

    def _set_status(self, order: dict[str, Any], status: str) -> None:
        order.update(status=status, status_label=STATUS_LABELS[status])
        order["status_history"].append({"status": status, "at": self._now().isoformat(timespec="seconds")})


def orders_router(book: OrderBook, keys: IdempotencyKeys) -> APIRouter:
    router = APIRouter()

    @router.get("/orders/search")
    async def search(
        phone: Phone | None = None,
        order_number: str | None = None,
        status: str | None = None,
        number: Annotated[int, Query(alias="page", ge=1)] = 1,
        per_page: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> JSONResponse:
        return page(book.search(phone, order_number, status), number, per_page)

    @router.get("/orders/{order_id}")
    async def order(order_id: str) -> JSONResponse:
        return data(book.get(order_id))

    @router.post("/orders")
    async def create(asked: NewOrder, key: IdempotencyKey) -> JSONResponse:
        return keys.once(key, f"create {asked.model_dump_json()}", lambda: data(book.draft(asked), 201))

    @router.patch("/orders/{order_id}/delivery")
    async def delivery(order_id: str, choice: DeliveryChoice, key: OptionalKey = None) -> JSONResponse:
        request = f"delivery {order_id} {choice.model_dump_json()}"
        return keys.once(key, request, lambda: data(book.set_delivery(order_id, choice)))

    @router.post("/orders/{order_id}/confirm")
    async def confirm(order_id: str, confirmation: Confirmation, key: IdempotencyKey) -> JSONResponse:
        request = f"confirm {order_id} {confirmation.model_dump_json()}"
        return keys.once(key, request, lambda: data(book.confirm(order_id, confirmation)))

    @router.get("/delivery/calculate")
    async def calculate(city: str, order_total: Annotated[float, Query(ge=0)]) -> JSONResponse:
        return data({"city": city, "cost": book.delivery_cost(city, order_total), "currency": "UAH"})

    @router.get("/pickup-points")
    async def pickup_points(city: str) -> JSONResponse:
        return data(book.pickup_points(city))

    return router
