"""The store emulator keeps the store's contract: envelope, keys, privacy, slots, faults."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ops.emulators.store_api import StoreEmulator
from ops.seed.catalogue import load_catalogue

PHONE = "+380931112233"
OLENA = "+380671234567"
type Store = tuple[StoreEmulator, str]


@pytest.fixture
def http(store: Store) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer store-key"}
    with httpx.Client(base_url=f"{store[1]}/api/v1", headers=headers, timeout=5) as client:
        yield client


def draft(http: httpx.Client, key: str = "k-draft", quantity: int = 4, product: str = "T1005") -> httpx.Response:
    body = {
        "customer_phone": PHONE,
        "items": [{"product_id": product, "quantity": quantity}],
        "source": "ai_agent",
        "call_id": "c-1",
    }
    return http.post("/orders", json=body, headers={"Idempotency-Key": key})


def error_code(answer: httpx.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code


def test_the_seeded_shop_is_big_enough_for_a_demo() -> None:
    catalogue = load_catalogue()
    sizes = {tire.size for tire in catalogue.tires}
    assert len(catalogue.tires) >= 60
    assert {"205/55 R16", "215/55 R17", "225/45 R17", "235/55 R18", "195/65 R15"} <= sizes
    assert {tire.season for tire in catalogue.tires} == {"summer", "winter", "all_season"}
    assert len({tire.id for tire in catalogue.tires}) == len(catalogue.tires)
    assert any(tire.stock_quantity == 0 for tire in catalogue.tires)
    assert all(1000 < tire.price < 15000 for tire in catalogue.tires)
    assert sum(len(make.models) for make in catalogue.makes) >= 25


def test_a_key_is_required_and_the_request_id_comes_back(store: Store, http: httpx.Client) -> None:
    answer = http.get("/tires/search", headers={"X-Request-Id": "r-77"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, "r-77")
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = httpx.get(f"{store[1]}/api/v1/tires/search", headers=headers)
        assert refused.status_code == 401
        assert refused.json()["error"]["request_id"] == refused.headers["x-request-id"]


@pytest.mark.parametrize(
    ("make", "model", "year", "first_size"),
    [
        ("Toyota", "Camry", 2020, "215/55 R17"),
        ("Тойоту", "Камрі", 2020, "215/55 R17"),
        ("Шкода", "Октавії", 2015, "205/55 R16"),
        ("фольксваген", "гольфа", None, "205/55 R16"),
    ],
)
def test_cars_are_found_in_any_spelling(
    http: httpx.Client, make: str, model: str, year: int | None, first_size: str
) -> None:
    query = {"make": make, "model": model} | ({} if year is None else {"year": year})
    vehicle = http.get("/vehicles/tires", params=query).json()["data"]
    assert vehicle["oem_sizes"][0] == first_size
    assert all(tire["size"] == first_size for tire in vehicle["recommended_tires"][first_size])


def test_an_unknown_car_is_not_found(http: httpx.Client) -> None:
    answer = http.get("/vehicles/tires", params={"make": "Таврія", "model": "Нова"})
    assert (answer.status_code, error_code(answer)) == (404, "vehicle_not_found")


def test_search_filters_sorts_and_pages(http: httpx.Client) -> None:
    query: dict[str, Any] = {"width": 215, "profile": 55, "diameter": 17, "season": "winter", "sort": "price_asc"}
    answer = http.get("/tires/search", params=query | {"per_page": 2, "page": 2}).json()
    everything = http.get("/tires/search", params=query).json()["data"]
    prices = [tire["price"] for tire in everything]
    assert prices == sorted(prices)
    assert {(tire["size"], tire["season"]) for tire in everything} == {("215/55 R17", "winter")}
    assert answer["data"] == everything[2:4]
    assert answer["pagination"] == {"page": 2, "per_page": 2, "total": 6, "total_pages": 3}
    brand = http.get("/tires/search", params=query | {"brand": "Мішлен"}).json()["data"]
    assert [tire["brand"] for tire in brand] == ["Michelin"]


@pytest.mark.parametrize("query", [{"season": "monsoon"}, {"per_page": 51}, {"sort": "luck"}, {"width": "wide"}])
def test_wrong_queries_are_422(http: httpx.Client, query: dict[str, Any]) -> None:
    answer = http.get("/tires/search", params=query)
    assert (answer.status_code, error_code(answer)) == (422, "validation_error")
    assert next(iter(query)) in answer.json()["error"]["message"]


def test_availability_adds_up(http: httpx.Client) -> None:
    for tire in http.get("/tires/search", params={"per_page": 50}).json()["data"]:
        stock = http.get(f"/tires/{tire['id']}/availability").json()["data"]
        assert stock["total_quantity"] == tire["stock_quantity"] == sum(each["quantity"] for each in stock["locations"])
        assert (stock["next_delivery"] is None) == tire["in_stock"]


def test_an_order_from_draft_to_confirmed(store: Store, http: httpx.Client) -> None:
    order = draft(http).json()["data"]
    item = order["items"][0]
    assert order["subtotal"] == item["price"] * 4
    assert order["status"] == "draft"
    path = f"/orders/{order['id']}"
    confirmation = {"payment_method": "cod", "customer_name": "Олена"}
    early = http.post(f"{path}/confirm", json=confirmation, headers={"Idempotency-Key": "k-early"})
    assert error_code(early) == "delivery_missing"
    choice = {"delivery_type": "delivery", "city": "Київ", "address": "вулиця Хрещатик 22"}
    delivery = http.patch(f"{path}/delivery", json=choice).json()["data"]
    assert delivery["total"] == order["subtotal"] + delivery["cost"]
    answers = [
        http.post(f"{path}/confirm", json=confirmation, headers={"Idempotency-Key": "k-confirm"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["data"]["status"] == "confirmed"
    again = http.post(f"{path}/confirm", json=confirmation, headers={"Idempotency-Key": "k-other"})
    assert error_code(again) == "order_not_draft"
    placed = store[0].counters()["orders"]
    assert [(each["order_number"], each["customer_name"]) for each in placed] == [(order["order_number"], "Олена")]


def test_pickup_needs_a_known_point_and_costs_nothing(http: httpx.Client) -> None:
    path = f"/orders/{draft(http).json()['data']['id']}/delivery"
    assert http.patch(path, json={"delivery_type": "pickup", "pickup_point_id": "PP-99"}).status_code == 422
    point = http.get("/pickup-points", params={"city": "київ"}).json()["data"][0]
    delivery = http.patch(path, json={"delivery_type": "pickup", "pickup_point_id": point["id"]}).json()["data"]
    assert delivery["cost"] == 0


@pytest.mark.parametrize(
    ("quantity", "product", "code"),
    [
        (0, "T1005", "validation_error"),
        (100, "T1005", "validation_error"),
        (99, "T1005", "insufficient_stock"),
        (4, "T9999", "unknown_product"),
    ],
)
def test_orders_that_cannot_be_are_refused(http: httpx.Client, quantity: int, product: str, code: str) -> None:
    answer = draft(http, quantity=quantity, product=product)
    assert (answer.status_code, error_code(answer)) == (422, code)


def test_a_key_gives_the_same_order_for_a_day(http: httpx.Client, store: Store, shop_clock: Any) -> None:
    first = draft(http, "k")
    assert first.status_code == 201
    assert draft(http, "k").json() == first.json()
    assert store[0].counters()["replayed"] == 1
    other = draft(http, "k", quantity=2)
    assert (other.status_code, error_code(other)) == (422, "idempotency_key_reused")
    shop_clock.now += timedelta(hours=24)
    assert draft(http, "k").json()["data"]["id"] != first.json()["data"]["id"]


def test_a_mutation_without_its_key_is_refused(http: httpx.Client) -> None:
    body = {"customer_phone": PHONE, "items": [{"product_id": "T1005", "quantity": 1}], "call_id": "c"}
    assert http.post("/orders", json=body).status_code == 422


def test_orders_are_found_by_phone_and_drafts_are_not(http: httpx.Client) -> None:
    draft(http)
    assert http.get("/orders/search", params={"phone": PHONE}).json()["data"] == []
    found = http.get("/orders/search", params={"phone": OLENA}).json()["data"]
    assert {order["customer_phone"] for order in found} == {OLENA}
    assert len(found) == 2
    assert http.get("/orders/search", params={"phone": OLENA, "order_number": "100245"}).json()["data"] == []
    assert http.get("/orders/search").status_code == 422


def test_a_booked_slot_is_taken_until_cancelled(http: httpx.Client) -> None:
    station = http.get("/fitting/stations", params={"city": "Львів"}).json()["data"][0]

    def free() -> list[tuple[str, str]]:
        days = http.get(f"/fitting/stations/{station['id']}/slots", params={"service_type": "tire_change"}).json()[
            "data"
        ]
        return [(day["date"], slot["time"]) for day in days for slot in day["times"] if slot["available"]]

    (day, at), (other_day, other_at) = free()[0], free()[1]
    body = {
        "station_id": station["id"],
        "date": day,
        "time": at,
        "service_type": "tire_change",
        "customer_phone": PHONE,
        "customer_name": "Олена",
        "call_id": "c-1",
    }
    booking = http.post("/fitting/bookings", json=body, headers={"Idempotency-Key": "b-1"})
    assert booking.status_code == 201
    assert (day, at) not in free()
    taken = http.post("/fitting/bookings", json=body, headers={"Idempotency-Key": "b-2"})
    assert error_code(taken) == "slot_taken"
    path = f"/fitting/bookings/{booking.json()['data']['id']}"
    http.patch(path, json={"date": other_day, "time": other_at})
    assert (day, at) in free()
    assert (other_day, other_at) not in free()
    assert len(http.get("/fitting/bookings", params={"phone": PHONE}).json()["data"]) == 1
    assert http.delete(path).status_code == 200
    assert http.get("/fitting/bookings", params={"phone": PHONE}).json()["data"] == []
    assert http.delete(path).status_code == 404


def test_slots_lie_ahead_and_never_on_sunday(http: httpx.Client, shop_clock: Any) -> None:
    shop_clock.now = shop_clock.now.replace(hour=12)
    days = http.get("/fitting/stations/FS-1/slots").json()["data"]
    assert days[0]["date"] == shop_clock.now.date().isoformat()
    assert not any(slot["available"] for slot in days[0]["times"] if slot["time"] <= "12:00")
    assert "2026-11-29" not in {day["date"] for day in days}


def test_prices_and_storage(http: httpx.Client) -> None:
    prices = http.get("/fitting/prices", params={"tire_diameter": 17}).json()["data"]
    assert prices[0]["prices_by_diameter"] == {"17": 1100}
    contracts = http.get("/storage/contracts", params={"phone": OLENA}).json()["data"]
    assert [contract["number"] for contract in contracts] == ["ЗБ-2041"]
    assert http.get("/delivery/calculate", params={"city": "Київ", "order_total": 500}).json()["data"]["cost"] == 250


def test_illness_on_demand(http: httpx.Client, control: str) -> None:
    httpx.put(f"{control}/control/store", json={"fail_next": 2, "fail_code": 503, "retry_after_s": 2})
    answers = [http.get("/tires/search") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert error_code(answers[0]) == "service_unavailable"


def test_a_lost_answer_has_still_been_carried_out(store: Store, http: httpx.Client) -> None:
    store[0].faults.cut_next = 1
    with pytest.raises(httpx.RemoteProtocolError):
        draft(http, "k-lost")
    assert draft(http, "k-lost").status_code == 201
    assert store[0].counters()["replayed"] == 1


def test_a_stalled_answer_never_comes(store: Store, http: httpx.Client) -> None:
    store[0].faults.stall_next = 1
    with pytest.raises(httpx.ReadTimeout):
        http.get("/tires/search", timeout=0.2)
    assert http.get("/tires/search").status_code == 200


def test_control_shows_sets_and_resets(http: httpx.Client, control: str) -> None:
    http.get("/tires/search")
    state = httpx.get(f"{control}/control").json()
    assert set(state) == {"store", "anthropic"}
    assert state["store"]["counters"]["requests"] == 1
    assert httpx.put(f"{control}/control/store", json={"explode": 1}).status_code == 422
    assert httpx.put(f"{control}/control/printer", json={}).status_code == 404
    assert httpx.post(f"{control}/control/store", json={"delay_ms": 1}).json()["faults"]["delay_ms"] == 1
    reset = httpx.delete(f"{control}/control/store").json()
    assert (reset["faults"]["delay_ms"], reset["counters"]["requests"]) == (0, 0)
