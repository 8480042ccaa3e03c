"""The store's REST API as typed calls, one method for each call of its contract.

Before: `dialogue.tools`. After: `http` carries the request under the retry policy. Phones are `+380XXXXXXXXX`, money is
`Decimal` UAH, dates are YYYY-MM-DD. Every method raises `StoreRejected` when the store says no, `StoreError` when it
cannot be asked. A mutation takes its key from `actions`.
"""

from datetime import date
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from engine.config import StoreConfig
from engine.errors import StoreError
from engine.store.asked import Confirmation, DeliveryChoice, NewBooking, NewOrder, TireQuery
from engine.store.http import VENDOR, Body, Query, StoreHttp
from engine.store.models import (
    Availability,
    Booking,
    Delivery,
    DeliveryQuote,
    Envelope,
    FittingPrice,
    Order,
    Place,
    SlotDay,
    StorageContract,
    Tire,
    TirePage,
    VehicleTires,
)


class StoreClient:
    """One for the process, shared by all calls; `async with` opens and closes its connections."""

    def __init__(self, config: StoreConfig, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = StoreHttp(config, transport=transport)

    async def __aenter__(self) -> "StoreClient":
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.__aexit__(*exc)

    @property
    def available(self) -> bool:
        """False while the circuit breaker is open."""
        return not self._http.breaker.is_open

    async def ping(self) -> None:
        """Open a connection and prove the key, so that the first caller does not wait for either."""
        await self._ask(Envelope[tuple[Tire, ...]], "GET", "/tires/search", query={"per_page": 1})

    async def vehicle_tires(self, make: str, model: str, year: int | None = None) -> VehicleTires:
        query: Query = {"make": make, "model": model, "year": year}
        return (await self._ask(Envelope[VehicleTires], "GET", "/vehicles/tires", query=query)).data

    async def search_tires(self, wanted: TireQuery, *, limit: int = 20) -> TirePage:
        """The first `limit` (at most 50) of the matching tyres, also those out of stock."""
        query: Query = {**wanted.model_dump(), "per_page": limit}
        answer = await self._ask(Envelope[tuple[Tire, ...]], "GET", "/tires/search", query=query)
        return TirePage(tires=answer.data, total=answer.pagination.total if answer.pagination else len(answer.data))

    async def tire(self, product_id: str) -> Tire:
        return (await self._ask(Envelope[Tire], "GET", _path("/tires/{}", product_id))).data

    async def availability(self, product_id: str) -> Availability:
        return (await self._ask(Envelope[Availability], "GET", _path("/tires/{}/availability", product_id))).data

    async def find_orders(self, phone: str, *, order_number: str | None = None) -> tuple[Order, ...]:
        query: Query = {"phone": phone, "order_number": order_number}
        return (await self._ask(Envelope[tuple[Order, ...]], "GET", "/orders/search", query=query)).data

    async def order(self, order_id: str) -> Order:
        return (await self._ask(Envelope[Order], "GET", _path("/orders/{}", order_id))).data

    async def create_order(self, order: NewOrder, *, key: str) -> Order:
        """A draft with its subtotal; the same key answers with the same draft."""
        return (await self._ask(Envelope[Order], "POST", "/orders", body=order.body(), key=key)).data

    async def set_delivery(self, order_id: str, choice: DeliveryChoice, *, key: str) -> Delivery:
        path = _path("/orders/{}/delivery", order_id)
        return (await self._ask(Envelope[Delivery], "PATCH", path, body=choice.body(), key=key)).data

    async def confirm_order(self, order_id: str, confirmation: Confirmation, *, key: str) -> Order:
        path = _path("/orders/{}/confirm", order_id)
        return (await self._ask(Envelope[Order], "POST", path, body=confirmation.body(), key=key)).data

    async def delivery_quote(self, city: str, order_total: int) -> DeliveryQuote:
        query: Query = {"city": city, "order_total": order_total}
        return (await self._ask(Envelope[DeliveryQuote], "GET", "/delivery/calculate", query=query)).data

    async def pickup_points(self, city: str) -> tuple[Place, ...]:
        return (await self._ask(Envelope[tuple[Place, ...]], "GET", "/pickup-points", query={"city": city})).data

    async def fitting_stations(self, city: str) -> tuple[Place, ...]:
        return (await self._ask(Envelope[tuple[Place, ...]], "GET", "/fitting/stations", query={"city": city})).data

    async def fitting_slots(
        self, station_id: str, *, date_from: date | None, date_to: date | None, service_type: str | None
    ) -> tuple[SlotDay, ...]:
        """Days with their times, also the taken ones."""
        path = _path("/fitting/stations/{}/slots", station_id)
        query: Query = {
            "date_from": date_from.isoformat() if date_from else None,
            "date_to": date_to.isoformat() if date_to else None,
            "service_type": service_type,
        }
        return (await self._ask(Envelope[tuple[SlotDay, ...]], "GET", path, query=query)).data

    async def fitting_prices(self, *, station_id: str | None, tire_diameter: int | None) -> tuple[FittingPrice, ...]:
        query: Query = {"station_id": station_id, "tire_diameter": tire_diameter}
        return (await self._ask(Envelope[tuple[FittingPrice, ...]], "GET", "/fitting/prices", query=query)).data

    async def book_fitting(self, booking: NewBooking, *, key: str) -> Booking:
        return (await self._ask(Envelope[Booking], "POST", "/fitting/bookings", body=booking.body(), key=key)).data

    async def bookings(self, phone: str) -> tuple[Booking, ...]:
        return (await self._ask(Envelope[tuple[Booking, ...]], "GET", "/fitting/bookings", query={"phone": phone})).data

    async def move_booking(self, booking_id: str, *, date: str, time: str, key: str) -> Booking:
        path = _path("/fitting/bookings/{}", booking_id)
        return (await self._ask(Envelope[Booking], "PATCH", path, body={"date": date, "time": time}, key=key)).data

    async def cancel_booking(self, booking_id: str, *, key: str) -> None:
        await self._http.request("DELETE", _path("/fitting/bookings/{}", booking_id), key=key)

    async def storage_contracts(self, phone: str, *, number: str | None = None) -> tuple[StorageContract, ...]:
        query: Query = {"phone": phone, "number": number}
        return (await self._ask(Envelope[tuple[StorageContract, ...]], "GET", "/storage/contracts", query=query)).data

    async def _ask[T](
        self,
        envelope: type[Envelope[T]],
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Body | None = None,
        key: str | None = None,
    ) -> Envelope[T]:
        content = await self._http.request(method, path, query=query, body=body, key=key)
        try:
            return envelope.model_validate_json(content)
        except ValidationError as error:
            # The error's own text quotes the answer, which holds people's data: only the places are named.
            places = ", ".join(".".join(map(str, e["loc"])) for e in error.errors(include_input=False)[:3])
            raise StoreError(VENDOR, f"unreadable answer to {method} {path}: {places}") from None


def _path(template: str, identifier: str) -> str:
    return template.format(quote(identifier, safe=""))
