"""Tyre fitting: stations, free times, prices, and the caller's bookings."""

import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext, always
from engine.dialogue.tools.changes import CANCELLED, Result, number
from engine.dialogue.tools.orders import CityArguments, own
from engine.dialogue.tools.rules import ToolRefused, require_known
from engine.dialogue.tools.state import CallState
from engine.store.asked import NewBooking, ServiceType
from engine.store.models import Booking, Place

_DAYS_SHOWN: Final = 7

type Day = datetime.date
type Time = Annotated[str, Field(pattern=r"^\d{2}:\d{2}$", description="HH:MM")]


class SlotsArguments(Arguments):
    station_id: Annotated[str, Field(description="id із get_fitting_stations")]
    date_from: Day | None = None
    date_to: Day | None = None
    service_type: ServiceType | None = None


class PriceArguments(Arguments):
    station_id: str | None = None
    tire_diameter: Annotated[int | None, Field(ge=10, le=26)] = None


class BookArguments(Arguments):
    station_id: str
    date: Day
    time: Time
    service_type: ServiceType
    customer_name: Annotated[str | None, Field(max_length=80)] = None
    vehicle_info: Annotated[str | None, Field(max_length=120)] = None
    tire_diameter: Annotated[int | None, Field(ge=10, le=26)] = None
    linked_order_id: str | None = None


class CancelArguments(Arguments):
    booking_id: Annotated[str, Field(description="booking_id із get_customer_bookings або book_fitting")]
    action: Literal["cancel", "reschedule"]
    date: Annotated[Day | None, Field(description="Новий день, для reschedule")] = None
    time: Time | None = None


class NoArguments(Arguments):
    pass


async def _stations(asked: CityArguments, context: ToolContext) -> Result:
    stations = await context.store.fitting_stations(asked.city)
    context.state.stations |= {station.id: station for station in stations}
    return {"stations": [station.model_dump() for station in stations]}


async def _slots(asked: SlotsArguments, context: ToolContext) -> Result:
    station_id = require_known(asked.station_id, context.state.stations, "get_fitting_stations")
    days = await context.store.fitting_slots(
        station_id,
        date_from=asked.date_from,
        date_to=asked.date_to,
        service_type=asked.service_type,
    )
    free = {day.date: [slot.time for slot in day.times if slot.available] for day in days}
    shown = [(day, times) for day, times in free.items() if times][:_DAYS_SHOWN]
    context.state.slots |= {(station_id, day, time) for day, times in shown for time in times}
    return {"slots": [{"date": day, "times": times} for day, times in shown]}


async def _price(asked: PriceArguments, context: ToolContext) -> Result:
    if asked.station_id is not None:
        require_known(asked.station_id, context.state.stations, "get_fitting_stations")
    found = await context.store.fitting_prices(station_id=asked.station_id, tire_diameter=asked.tire_diameter)
    wanted = None if asked.tire_diameter is None else str(asked.tire_diameter)
    return {
        "prices": [
            {"label": each.label if wanted else f"{each.label}, R{diameter}", "price": number(price)}
            for each in found
            for diameter, price in each.prices_by_diameter.items()
            if wanted in (None, diameter.removeprefix("R"))
        ]
    }


async def _book(asked: BookArguments, context: ToolContext) -> Result:
    state, day = context.state, asked.date.isoformat()
    phone = context.phone
    _require_free(state, asked.station_id, day, asked.time)
    if asked.linked_order_id is not None:
        require_known(asked.linked_order_id, {order.order_id for order in state.confirmed}, "confirm_order")
    wanted = asked.model_dump(exclude={"date"})
    booking = NewBooking(**wanted, date=day, customer_phone=phone, call_id=str(context.call_id))

    result = await context.once({"booking": booking.body(), "station": state.stations[asked.station_id].name})
    _remember(
        state,
        Booking(
            id=result["booking_id"], station_id=asked.station_id, station=result["station"], date=day, time=asked.time
        ),
    )
    return dict(result)


async def _change(asked: CancelArguments, context: ToolContext) -> Result:
    state = context.state
    require_known(asked.booking_id, state.bookings, "get_customer_bookings")
    return await (_cancel if asked.action == "cancel" else _move)(asked, context)


async def _cancel(asked: CancelArguments, context: ToolContext) -> Result:
    booking = context.state.bookings[asked.booking_id]
    if booking.status == CANCELLED:
        return {"booking_id": booking.id, "status": CANCELLED}

    request = {"action": "cancel", "booking_id": asked.booking_id, "phone": context.phone}
    result = await context.once(request)
    context.state.booking_changed(booking.model_copy(update={"status": CANCELLED}))
    return dict(result)


async def _move(asked: CancelArguments, context: ToolContext) -> Result:
    if asked.date is None or asked.time is None:
        raise ToolRefused("Для перенесення потрібні новий день і час. Запитайте їх.")
    booking = context.state.bookings[asked.booking_id]
    day, time = asked.date.isoformat(), asked.time
    if (booking.date, booking.time) == (day, time):
        return {"booking_id": booking.id, "status": "rescheduled", "date": day, "time": time}
    _require_free(context.state, booking.station_id, day, time)

    request = {"action": "reschedule", "booking_id": booking.id, "phone": context.phone, "date": day, "time": time}
    result = await context.once(request)
    context.state.booking_changed(booking.model_copy(update={"date": day, "time": time}))
    return dict(result)


async def _bookings(asked: NoArguments, context: ToolContext) -> Result:
    found = [booking for booking in await context.store.bookings(context.phone) if own(booking, context)]
    for booking in found:
        _remember(context.state, booking)
    return {
        "bookings": [
            {"booking_id": booking.id, **booking.model_dump(include=_TOLD)} for booking in found
        ]
    }  # fmt: skip


_TOLD: Final = {"station_id", "station", "date", "time", "service_type", "status"}


def _remember(state: CallState, booking: Booking) -> None:
    """A booking's station is known with it: a new time there may be looked for."""
    state.bookings[booking.id] = booking
    if booking.station_id:
        state.stations.setdefault(booking.station_id, Place(id=booking.station_id, name=booking.station))


def _require_free(state: CallState, station_id: str, day: str, time: str) -> None:
    if (station_id, day, time) not in state.slots:
        raise ToolRefused(
            "Цього часу немає серед вільних. Спершу перевірте get_fitting_slots і назвіть клієнтові вільний."
        )


TOOLS: Final = (
    Tool("get_fitting_stations", "Станції шиномонтажу за містом або вулицею.", CityArguments, _stations),
    Tool(
        "get_fitting_slots",
        "Вільні дні й години станції.",
        SlotsArguments,
        _slots,
        offered=lambda state: always(state) and bool(state.stations),
    ),
    Tool("get_fitting_price", "Ціни шиномонтажу, за діаметром.", PriceArguments, _price),
    Tool(
        "book_fitting",
        "Записати клієнта на вільний час, який він вибрав.",
        BookArguments,
        _book,
        offered=lambda state: always(state) and bool(state.slots),
        mutating=True,
        occasion=lambda state: state.booking_changes,
    ),
    Tool("get_customer_bookings", "Записи клієнта на шиномонтаж.", NoArguments, _bookings),
    Tool(
        "cancel_fitting",
        "Скасувати або перенести запис клієнта.",
        CancelArguments,
        _change,
        offered=lambda state: always(state) and bool(state.bookings),
        mutating=True,
        occasion=lambda state: state.booking_changes,
    ),
)
