"""The real client and the emulated store over a real socket: the two readings of the contract agree."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from engine.config import StoreConfig
from engine.errors import StoreError, StoreRejected
from engine.store.asked import Confirmation, DeliveryChoice, NewBooking, NewOrder, OrderLine, TireQuery
from engine.store.client import StoreClient
from ops.emulators.faults import Faults
from ops.emulators.store_api import StoreEmulator
from tests.emulated import emulated

PHONE = "+380931112233"
OLENA = "+380671234567"
WINTER = TireQuery(width=215, profile=55, diameter=17, season="winter", sort="price_asc")


class RunningStore:
    """The emulator on a loop in a thread of its own, as it lives on asyncio."""

    def __init__(self, loop: asyncio.AbstractEventLoop, faults: Faults, url: str) -> None:
        self._loop = loop
        self._faults = faults
        self.url = url

    def fail(self, **values: object) -> None:
        self._loop.call_soon_threadsafe(lambda: self._faults.update(**values))

    def reset(self) -> None:
        self._loop.call_soon_threadsafe(self._faults.reset)


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningStore]:
    faults = Faults()
    with emulated(lambda: StoreEmulator(faults, api_key="store-key")) as running:
        yield RunningStore(running.loop, faults, running.url)


@pytest.fixture
def shop(emulator: RunningStore) -> Iterator[RunningStore]:
    yield emulator
    emulator.reset()


@asynccontextmanager
async def connected(shop: RunningStore, *, key: str = "store-key", retries: int = 2) -> AsyncIterator[StoreClient]:
    config = StoreConfig.model_validate({"base_url": shop.url, "api_key": key, "max_retries": retries})
    async with StoreClient(config) as client:
        yield client


def order_of(product_id: str) -> NewOrder:
    lines = (OrderLine(product_id=product_id, quantity=4),)
    return NewOrder(customer_phone=PHONE, items=lines, call_id="call-1")


async def test_what_is_looked_up(shop: RunningStore) -> None:
    async with connected(shop) as client:
        await client.ping()
        camry = await client.vehicle_tires("Тойота", "Камрі", 2020)
        page = await client.search_tires(WINTER, limit=3)
        cheapest = page.tires[0]
        stock = await client.availability(cheapest.id)
        assert "215/55 R17" in camry.sizes
        assert (camry.vehicle.make, camry.vehicle.year) == ("Toyota", "2020")
        assert len(page.tires) == 3 <= page.total
        assert all(tire.price > 0 and tire.season == "winter" for tire in page.tires)
        assert stock.total_quantity == cheapest.stock_quantity
        assert await client.tire(cheapest.id) == cheapest
        assert (await client.delivery_quote("Київ", 1000)).cost > 0
        assert (await client.pickup_points("Київ"))[0].address
        assert all(order.customer_phone == OLENA for order in await client.find_orders(OLENA))
        contracts = await client.storage_contracts(OLENA)
        assert contracts[0].facts()["number"] == "ЗБ-2041"


async def test_an_order_from_draft_to_confirmed(shop: RunningStore) -> None:
    async with connected(shop) as client:
        product = next(t for t in (await client.search_tires(WINTER)).tires if t.stock_quantity >= 4)
        draft = await client.create_order(order_of(product.id), key="order-1")
        assert await client.create_order(order_of(product.id), key="order-1") == draft
        assert draft.subtotal == product.price * 4
        choice = DeliveryChoice(delivery_type="delivery", city="Київ", address="Хрещатик 22")
        delivery = await client.set_delivery(draft.id, choice, key="delivery-1")
        assert delivery.total == Decimal(draft.subtotal) + delivery.cost
        confirmed = await client.confirm_order(draft.id, Confirmation(payment_method="cod"), key="confirm-1")
        assert (confirmed.status, confirmed.total) == ("confirmed", delivery.total)
        assert (await client.order(draft.id)).status == "confirmed"
        found = await client.find_orders(PHONE, order_number=confirmed.order_number)
        assert [order.id for order in found] == [draft.id]


async def test_a_fitting_booked_moved_and_cancelled(shop: RunningStore) -> None:
    async with connected(shop) as client:
        station = (await client.fitting_stations("Київ"))[0]
        days = await client.fitting_slots(station.id, date_from=None, date_to=None, service_type="tire_change")
        first, second = [(day.date, slot.time) for day in days for slot in day.times if slot.available][:2]
        wanted = NewBooking(
            station_id=station.id, date=first[0], time=first[1], service_type="tire_change", customer_phone=PHONE,
            call_id="call-1",
        )  # fmt: skip
        booking = await client.book_fitting(wanted, key="book-1")
        assert (booking.station, booking.date, booking.time) == (station.name, *first)
        moved = await client.move_booking(booking.id, date=second[0], time=second[1], key="move-1")
        assert (moved.date, moved.time) == second
        assert [each.id for each in await client.bookings(PHONE)] == [booking.id]
        await client.cancel_booking(booking.id, key="cancel-1")
        assert await client.bookings(PHONE) == ()
        prices = await client.fitting_prices(station_id=station.id, tire_diameter=17)
        assert all(list(price.prices_by_diameter) == ["17"] for price in prices)


async def test_an_order_whose_answer_was_lost_is_not_placed_twice(shop: RunningStore) -> None:
    async with connected(shop) as client:
        product = next(t for t in (await client.search_tires(WINTER)).tires if t.stock_quantity >= 4)
        shop.fail(cut_next=1)
        first = await client.create_order(order_of(product.id), key="lost-1")
        assert await client.create_order(order_of(product.id), key="lost-1") == first


async def test_a_busy_store_is_asked_again_when_it_says(shop: RunningStore) -> None:
    shop.fail(fail_next=2, fail_code="503", retry_after_s=0)
    async with connected(shop) as client:
        assert (await client.search_tires(WINTER)).total > 0
        shop.fail(fail_next=1, fail_code="429", retry_after_s=0)
        assert (await client.search_tires(WINTER)).total > 0


async def test_refusals_arrive_as_such(shop: RunningStore) -> None:
    async with connected(shop) as client:
        with pytest.raises(StoreRejected) as missing:
            await client.vehicle_tires("Лада", "Калина")
        with pytest.raises(StoreRejected) as unknown:
            await client.create_order(order_of("T0"), key="nothing-1")
        shop.fail(fail_next=1, fail_code="500")
        with pytest.raises(StoreError) as ill:
            await client.ping()
        assert client.available
    for key in ("wrong", ""):
        async with connected(shop, key=key) as stranger:
            with pytest.raises(StoreRejected) as refused:
                await stranger.ping()
        assert refused.value.status == 401
    assert [each.value.status for each in (missing, unknown)] == [404, 422]
    assert not isinstance(ill.value, StoreRejected)
