"""The store's vehicles and tyres: what fits a car, search, stock."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from ops.emulators.store_api_answers import Refused, data, page
from ops.seed.catalogue import Catalogue, Tire, find_model, parse_size

type Season = Literal["summer", "winter", "all_season"]
type Sort = Literal["price_asc", "price_desc", "popularity"]

SORT_KEYS: dict[Sort, Callable[[Tire], tuple[int, str]]] = {
    "price_asc": lambda tire: (tire.price, tire.id),
    "price_desc": lambda tire: (-tire.price, tire.id),
    "popularity": lambda tire: (-tire.popularity, tire.id),
}
RESTOCK_DAYS = 5


def tires_router(catalogue: Catalogue, now: Callable[[], datetime]) -> APIRouter:
    router = APIRouter()
    by_id = {tire.id: tire for tire in catalogue.tires}

    def found(tire_id: str) -> Tire:
        if tire_id not in by_id:
            raise Refused(404, f"no tyre {tire_id!r}")
        return by_id[tire_id]

    @router.get("/vehicles/tires")
    async def vehicle_tires(
        make: str, model: str, year: int | None = None, modification: str | None = None, season: Season | None = None
    ) -> JSONResponse:
        return data(_vehicle(catalogue, make, model, year, modification, season))

    @router.get("/tires/search")
    async def search(
        width: int | None = None,
        profile: int | None = None,
        diameter: int | None = None,
        season: Season | None = None,
        brand: str | None = None,
        model: str | None = None,
        min_price: Annotated[float | None, Query(ge=0)] = None,
        max_price: Annotated[float | None, Query(ge=0)] = None,
        in_stock: bool | None = None,
        sort: Sort = "popularity",
        number: Annotated[int, Query(alias="page", ge=1)] = 1,
        per_page: Annotated[int, Query(ge=1, le=50)] = 20,
    ) -> JSONResponse:
        wanted = (
            (width, lambda tire: parse_size(tire.size)[0]),
            (profile, lambda tire: parse_size(tire.size)[1]),
            (diameter, lambda tire: parse_size(tire.size)[2]),
            (season, lambda tire: tire.season),
            (None if brand is None else catalogue.find_brand(brand) or brand, lambda tire: tire.brand),
            (None if model is None else model.lower(), lambda tire: tire.model.lower()),
            (in_stock, lambda tire: tire.stock_quantity > 0),
        )
        tires = [
            tire
            for tire in sorted(catalogue.tires, key=SORT_KEYS[sort])
            if all(value is None or value == of(tire) for value, of in wanted)
            and (min_price or 0) <= tire.price <= (max_price or float("inf"))
        ]
        return page([tire_json(tire) for tire in tires], number, per_page)

    @router.get("/tires/{tire_id}")
    async def tire(tire_id: str) -> JSONResponse:
        return data(tire_json(found(tire_id)))

    @router.get("/tires/{tire_id}/availability")
    async def availability(tire_id: str) -> JSONResponse:
        return data(_availability(catalogue, found(tire_id), now().date()))

    return router


def tire_json(tire: Tire) -> dict[str, Any]:
    width, profile, diameter = parse_size(tire.size)
    return {
        "id": tire.id,
        "brand": tire.brand,
        "model": tire.model,
        "size": tire.size,
        "width": width,
        "profile": profile,
        "diameter": diameter,
        "season": tire.season,
        "type": "passenger",
        "load_index": tire.load_index,
        "speed_index": tire.speed_index,
        "price": tire.price,
        "currency": "UAH",
        "in_stock": tire.stock_quantity > 0,
        "stock_quantity": tire.stock_quantity,
        "description": tire.description,
    }


def _vehicle(
    catalogue: Catalogue, make: str, model: str, year: int | None, modification: str | None, season: Season | None
) -> dict[str, Any]:
    known_make = catalogue.find_make(make)
    known_model = None if known_make is None else find_model(known_make, model)
    generation = None if known_model is None else known_model.generation(year)
    if known_model is None or generation is None:
        raise Refused(404, f"no such vehicle: {make} {model} {year or ''}".strip(), "vehicle_not_found")
    return {
        "vehicle": {"make": known_model.make, "model": known_model.name, "year": year, "modification": modification},
        "oem_sizes": list(generation.oem_sizes),
        "recommended_tires": {
            size: [
                tire_json(tire)
                for tire in sorted(catalogue.tires, key=SORT_KEYS["popularity"])
                if tire.size == size and season in (None, tire.season)
            ]
            for size in generation.oem_sizes
        },
    }


def _availability(catalogue: Catalogue, tire: Tire, today: date) -> dict[str, Any]:
    return {
        "product_id": tire.id,
        "total_quantity": tire.stock_quantity,
        "locations": [
            {"warehouse": catalogue.warehouses[key], "quantity": quantity, "available_from": today.isoformat()}
            for key, quantity in tire.stock.items()
            if quantity > 0
        ],
        "next_delivery": None if tire.stock_quantity else (today + timedelta(days=RESTOCK_DAYS)).isoformat(),
    }
