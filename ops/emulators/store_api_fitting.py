"""The store's fitting stations, their slots and bookings, prices, and the seasonal storage of tyres."""

import itertools
import zlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from ops.emulators.store_api_answers import PHONE, IdempotencyKey, IdempotencyKeys, OptionalKey, Phone, Refused, data
from ops.emulators.store_api_orders import Asked
from ops.seed.catalogue import Catalogue

type Service = Literal["tire_change", "balancing", "alignment", "storage"]

OPENING_HOURS = range(9, 19)
DAYS_SHOWN = 7
DAYS_BOOKABLE = 30
_SUNDAY = 6


class NewBooking(Asked):
    station_id: str
    date: date
    time: str = Field(pattern=r"^\d{2}:\d{2}$")
    service_type: Service
    customer_phone: str = Field(pattern=PHONE)
    customer_name: str | None = None
    vehicle_info: str | None = None
    tire_diameter: int | None = Field(None, ge=12, le=24)
    linked_order_id: str | None = None
    call_id: str


class Move(Asked):
    date: date
    time: str = Field(pattern=r"^\d{2}:\d{2}$")


class FittingDesk:
    """Stations and their bookings. All methods raise `Refused`.

    Which slots are taken by others is drawn from a hash of station, day and hour: the same at every start, as a test
    needs it, and different from day to day, as a person expects it.
    """

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime]) -> None:
        self._now = now
        self._ids = itertools.count(1)
        self._contracts: list[dict[str, Any]] = catalogue.rest["storage_contracts"]
        self._prices: list[dict[str, Any]] = catalogue.rest["fitting_prices"]
        self._stations: dict[str, dict[str, Any]] = {row["id"]: row for row in catalogue.rest["stations"]}
        self.bookings: dict[str, dict[str, Any]] = {}

    def stations(self, city: str) -> list[dict[str, Any]]:
        return [row for row in self._stations.values() if city.strip().lower() in row["address"].lower()]

    def slots(
        self, station_id: str, date_from: date | None, date_to: date | None, service: Service | None
    ) -> list[dict[str, Any]]:
        station = self._station(station_id)
        if service is not None and service not in station["services"]:
            raise Refused(422, f"{station['name']} does not offer {service}", "service_not_offered")
        today = self._now().date()
        first = max(date_from or today, today)
        last = min(date_to or first + timedelta(days=DAYS_SHOWN - 1), today + timedelta(days=DAYS_BOOKABLE))
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [
            {"date": day.isoformat(), "times": self._times(station_id, day)} for day in days if day.weekday() != _SUNDAY
        ]

    def book(self, asked: NewBooking) -> dict[str, Any]:
        station = self._station(asked.station_id)
        if asked.service_type not in station["services"]:
            raise Refused(422, f"{station['name']} does not offer {asked.service_type}", "service_not_offered")
        self._require_free(asked.station_id, asked.date, asked.time)
        booking = asked.model_dump(mode="json") | {
            "id": f"bk-{next(self._ids)}",
            "station": {"name": station["name"], "address": station["address"]},
            "status": "booked",
        }
        self.bookings[booking["id"]] = booking
        return booking

    def move(self, booking_id: str, move: Move) -> dict[str, Any]:
        booking = self._booking(booking_id)
        self._require_free(booking["station_id"], move.date, move.time)
        booking.update(date=move.date.isoformat(), time=move.time)
        return booking

    def cancel(self, booking_id: str) -> dict[str, Any]:
        booking = self._booking(booking_id)
        booking["status"] = "cancelled"
        return booking

    def of_customer(self, phone: str) -> list[dict[str, Any]]:
        return [row for row in self.bookings.values() if row["customer_phone"] == phone and row["status"] == "booked"]

    def prices(self, station_id: str | None, diameter: int | None) -> list[dict[str, Any]]:
        offered = None if station_id is None else self._station(station_id)["services"]
        return [
            {
                "service_type": row["service_type"],
                "label": row["label"],
                "prices_by_diameter": {
                    inches: price
                    for inches, price in row["prices_by_diameter"].items()
                    if diameter is None or inches == str(diameter)
                },
            }
            for row in self._prices
            if offered is None or row["service_type"] in offered
        ]

    def contracts(self, phone: str | None, number: str | None) -> list[dict[str, Any]]:
        if phone is None and number is None:
            raise Refused(422, "phone or number is required")
        return [
            row for row in self._contracts if phone in (None, row["customer_phone"]) and number in (None, row["number"])
        ]

    def _station(self, station_id: str) -> dict[str, Any]:
        if station_id not in self._stations:
            raise Refused(404, f"no station {station_id!r}")
        return self._stations[station_id]

    def _booking(self, booking_id: str) -> dict[str, Any]:
        booking = self.bookings.get(booking_id)
        if booking is None or booking["status"] != "booked":
            raise Refused(404, f"no booking {booking_id!r}")
        return booking

    def _times(self, station_id: str, day: date) -> list[dict[str, Any]]:
        now = self._now()
        booked = {
            row["time"]
            for row in self.bookings.values()
            if row["station_id"] == station_id and row["date"] == day.isoformat() and row["status"] == "booked"
        }
        hours = [time(hour) for hour in OPENING_HOURS]
        return [
            {
                "time": f"{hour:%H:%M}",
                "available": datetime.combine(day, hour, now.tzinfo) > now
                and f"{hour:%H:%M}" not in booked
                and zlib.crc32(f"{station_id} {day} {hour}".encode()) % 3 != 0,
            }
            for hour in hours
        ]

    def _require_free(self, station_id: str, day: date, at: str) -> None:
        days = self.slots(station_id, day, day, None)
        if {"time": at, "available": True} not in [slot for row in days for slot in row["times"]]:
            raise Refused(422, f"{day} {at} is not free", "slot_taken")


def fitting_router(desk: FittingDesk, keys: IdempotencyKeys) -> APIRouter:
    router = APIRouter()

    @router.get("/fitting/stations")
    async def stations(city: str) -> JSONResponse:
        return data(desk.stations(city))

    @router.get("/fitting/stations/{station_id}/slots")
    async def slots(
        station_id: str,
        date_from: date | None = None,
        date_to: date | None = None,
        service_type: Service | None = None,
    ) -> JSONResponse:
        return data(desk.slots(station_id, date_from, date_to, service_type))

    @router.post("/fitting/bookings")
    async def book(asked: NewBooking, key: IdempotencyKey) -> JSONResponse:
        return keys.once(key, f"book {asked.model_dump_json()}", lambda: data(desk.book(asked), 201))

    @router.get("/fitting/bookings")
    async def bookings(phone: Phone) -> JSONResponse:
        return data(desk.of_customer(phone))

    @router.patch("/fitting/bookings/{booking_id}")
    async def move(booking_id: str, asked: Move, key: OptionalKey = None) -> JSONResponse:
        request = f"move {booking_id} {asked.model_dump_json()}"
        return keys.once(key, request, lambda: data(desk.move(booking_id, asked)))

    @router.delete("/fitting/bookings/{booking_id}")
    async def cancel(booking_id: str, key: OptionalKey = None) -> JSONResponse:
        return keys.once(key, f"cancel {booking_id}", lambda: data(desk.cancel(booking_id)))

    @router.get("/fitting/prices")
    async def prices(
        station_id: str | None = None, tire_diameter: Annotated[int | None, Query(ge=12, le=24)] = None
    ) -> JSONResponse:
        return data(desk.prices(station_id, tire_diameter))

    @router.get("/storage/contracts")
    async def contracts(phone: Phone | None = None, number: str | None = None) -> JSONResponse:
        return data(desk.contracts(phone, number))

    return router
