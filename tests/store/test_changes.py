"""Changes the contract gives no key for, made again after a lost answer; against the emulated store."""

from uuid import uuid4

import pytest

from engine.dialogue.tools.changes import CHANGES
from engine.dialogue.tools.toolbox import TOOLS
from engine.errors import StoreRejected
from engine.store.asked import NewBooking
from engine.store.client import StoreClient
from tests.store.test_client_against_emulator import RunningStore, connected, emulator, shop  # noqa: F401

PHONE = "+380671234599"


def test_every_mutating_tool_can_be_repeated() -> None:
    assert CHANGES.keys() == {tool.name for tool in TOOLS.values() if tool.mutating}


async def booked(store: StoreClient) -> tuple[str, list[tuple[str, str]]]:
    """A booking, and two free times."""
    (station, *_) = await store.fitting_stations("Київ")
    days = await store.fitting_slots(station.id, date_from=None, date_to=None, service_type=None)
    free = [(day.date, slot.time) for day in days for slot in day.times if slot.available]
    (day, time), *others = free
    wanted = NewBooking(
        station_id=station.id, date=day, time=time, service_type="tire_change", customer_phone=PHONE, call_id="c"
    )  # fmt: skip
    return (await store.book_fitting(wanted, key=str(uuid4()))).id, others


async def test_what_is_cancelled_already_is_cancelled(shop: RunningStore) -> None:  # noqa: F811
    async with connected(shop) as store:
        booking, _ = await booked(store)
        request = {"action": "cancel", "booking_id": booking, "phone": PHONE}
        change = CHANGES["cancel_fitting"].perform
        first = await change(store, request, str(uuid4()))
        assert await change(store, request, str(uuid4())) == first == {"booking_id": booking, "status": "cancelled"}


async def test_what_has_moved_already_has_moved(shop: RunningStore) -> None:  # noqa: F811
    async with connected(shop) as store:
        booking, [(day, time), (other_day, other_time), *_] = await booked(store)
        request = {"action": "reschedule", "booking_id": booking, "phone": PHONE, "date": day, "time": time}
        change = CHANGES["cancel_fitting"].perform
        first = await change(store, request, str(uuid4()))
        assert await change(store, request, str(uuid4())) == first
        assert [(each.date, each.time) for each in await store.bookings(PHONE) if each.id == booking] == [(day, time)]
        await store.cancel_booking(booking, key=str(uuid4()))
        with pytest.raises(StoreRejected):
            await change(store, request | {"date": other_day, "time": other_time}, str(uuid4()))
