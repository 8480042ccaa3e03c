"""Finding tyres: sizes for a vehicle, offers for a size, stock of an offer."""

from typing import Annotated, Final

from pydantic import Field

from engine.dialogue.tools.base import Arguments, Tool, ToolContext, always
from engine.dialogue.tools.changes import Result, number
from engine.dialogue.tools.rules import require_known
from engine.store.asked import Season, Sort, TireQuery
from engine.store.models import Tire

_SHOWN: Final = 5
"""More than a caller can keep in mind; the rest is a count."""
_LOOKED_AT: Final = 50
"""A page of the store, so that five in stock are found behind those that are not."""


class VehicleArguments(Arguments):
    make: Annotated[str, Field(min_length=1, max_length=60, description="Марка: Toyota")]
    model: Annotated[str, Field(min_length=1, max_length=60, description="Модель: Camry")]
    year: Annotated[int | None, Field(ge=1950, le=2100)] = None


class SearchArguments(Arguments):
    width: Annotated[int, Field(ge=100, le=400, description="215 у розмірі 215/55 R17")]
    profile: Annotated[int, Field(ge=20, le=100, description="55 у розмірі 215/55 R17")]
    diameter: Annotated[int, Field(ge=10, le=26, description="17 у розмірі 215/55 R17")]
    season: Season
    brand: Annotated[str | None, Field(max_length=60)] = None
    sort: Sort | None = None


class ProductArguments(Arguments):
    product_id: Annotated[str, Field(description="id із search_tires")]


async def _vehicle_sizes(asked: VehicleArguments, context: ToolContext) -> Result:
    found = await context.store.vehicle_tires(asked.make, asked.model, asked.year)
    vehicle = found.vehicle
    return {
        "vehicle": " ".join(filter(None, (vehicle.make, vehicle.model, vehicle.year))),
        "oem_sizes": list(found.sizes),
    }


async def _search(asked: SearchArguments, context: ToolContext) -> Result:
    page = await context.store.search_tires(TireQuery(**asked.model_dump()), limit=_LOOKED_AT)
    priced = [tire for tire in page.tires if tire.price > 0]
    best = sorted(priced, key=lambda tire: not tire.in_stock)[:_SHOWN]
    context.state.products |= {tire.id: tire for tire in best}
    return {"tires": [_offer(tire) for tire in best], "total": page.total}


async def _availability(asked: ProductArguments, context: ToolContext) -> Result:
    product_id = require_known(asked.product_id, context.state.products, "search_tires")
    stock = await context.store.availability(product_id)
    return {
        "product_id": product_id,
        "total_quantity": stock.total_quantity,
        "locations": [{"warehouse": each.warehouse, "quantity": each.quantity} for each in stock.locations],
        "next_delivery": stock.next_delivery,
    }


def _offer(tire: Tire) -> Result:
    shown = tire.model_dump(mode="json", include={"id", "brand", "model", "size", "season", "currency", "in_stock"})
    return shown | {"price": number(tire.price), "stock_quantity": tire.stock_quantity}


TOOLS: Final = (
    Tool(
        "get_vehicle_tire_sizes",
        "Заводські розміри шин для автомобіля.",
        VehicleArguments,
        _vehicle_sizes,
    ),
    Tool(
        "search_tires",
        "Знайти шини за розміром і сезоном (обидва обов'язкові): ціни, наявність. Не більше п'яти пропозицій.",
        SearchArguments,
        _search,
    ),
    Tool(
        "check_availability",
        "Залишки одного товару на складах і дата наступної поставки.",
        ProductArguments,
        _availability,
        offered=lambda state: always(state) and bool(state.products),
    ),
)
