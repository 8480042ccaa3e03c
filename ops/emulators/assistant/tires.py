"""Finding tyres: what is still to be asked, the search, and what is said of its results."""

from collections.abc import Mapping, Sequence
from typing import Any

from ops.emulators.assistant.memory import Json, Memory
from ops.emulators.assistant.phrases import (
    LOOKING,
    MORE_HELP,
    OPERATOR_OFFER,
    SEASON_MANY,
    SEASON_ONE,
    calendar_day,
    listed,
    pieces,
    price,
    tire_name,
)
from ops.emulators.assistant.reply import Reply, call
from ops.seed.catalogue import parse_size

OFFERED_AT_ONCE = 2


def find_tires(memory: Memory) -> Reply:
    """Ask for what is missing, else look."""
    if memory.size is None and memory.make is None:
        return Reply("Підкажіть, будь ласка, для якого авто або якого розміру потрібні шини?")
    if memory.size is None and memory.model is None:
        return Reply(f"Яка у вас модель {memory.make} і якого року?")
    if memory.season is None:
        return Reply("Які шини вам потрібні: зимові, літні чи всесезонні?")
    if memory.size is None:
        return call("get_vehicle_tire_sizes", say=LOOKING, make=memory.make, model=memory.model, year=memory.year)
    return search(memory, LOOKING)


def search(memory: Memory, say: str = "") -> Reply:
    assert memory.size is not None
    width, profile, diameter = parse_size(memory.size)
    return call(
        "search_tires",
        say=say,
        width=width,
        profile=profile,
        diameter=diameter,
        season=memory.season,
        brand=memory.brand,
    )


def after_sizes(memory: Memory, result: Json) -> Reply:
    if memory.size is None:
        return Reply(f"На жаль, для цього авто розмірів я не знайшла. {OPERATOR_OFFER}")
    return search(memory)


def after_search(memory: Memory, result: Json) -> Reply:
    if memory.tires:
        return offer(memory, memory.tires[:OFFERED_AT_ONCE])
    if memory.size is not None:
        return search(memory)
    return Reply("На жаль, таких шин зараз немає. Пошукати інший сезон або інший бренд?")


def offer(memory: Memory, tires: Sequence[Mapping[str, Any]]) -> Reply:
    if len(tires) == 1:
        return Reply(f"Є {_described(tires[0])} {_in_stock(tires[0])}")
    offers = listed([f"{tire_name(tire)} за {price(tire['price'])}" for tire in tires])
    season = SEASON_MANY.get(tires[0].get("season", ""), "")
    return Reply(f"Є {season} {tires[0]['size']}: {offers}. Яка вас цікавить?")


def what_else(memory: Memory) -> Reply:
    rest = [tire for tire in memory.tires if tire["id"] not in memory.mentioned]
    if not memory.tires:
        return find_tires(memory)
    if not rest:
        return Reply("Це всі варіанти в цьому розмірі. Розповісти докладніше про якийсь із них?")
    return offer(memory, rest[:OFFERED_AT_ONCE])


def cheapest(memory: Memory) -> Reply:
    return _superlative(memory, "Найдешевша з них")


def dearest(memory: Memory) -> Reply:
    return _superlative(memory, "Найдорожча з них")


def describe(memory: Memory) -> Reply:
    """The product spoken of: its price and whether it is there."""
    if memory.product is None:
        return which(memory)
    return Reply(f"Це {_described(memory.product)} {_in_stock(memory.product)}")


def which(memory: Memory) -> Reply:
    """Ask which of the results is meant."""
    if not memory.tires:
        return find_tires(memory)
    names = listed([tire_name(tire) for tire in memory.tires[:OFFERED_AT_ONCE]])
    return Reply(f"Підкажіть, будь ласка, про яку шину йдеться: {names}?")


def stock(memory: Memory) -> Reply:
    if memory.product is None:
        return which(memory)
    return call("check_availability", product_id=memory.product["id"])


def after_stock(memory: Memory, result: Json) -> Reply:
    total = result.get("total_quantity", 0)
    name = "" if memory.product is None else tire_name(memory.product)
    if not total:
        following = result.get("next_delivery")
        until = f", очікуємо {calendar_day(following[:10])}" if following else ""
        return Reply(f"Шини {name} зараз немає на складі{until}. Показати інші варіанти?")
    next_step = MORE_HELP if memory.draft else "Скільки вам оформити?"
    return Reply(f"На складі зараз {pieces(total)} {name}. {next_step}")


def _superlative(memory: Memory, opening: str) -> Reply:
    if memory.product is None:
        return find_tires(memory)
    return Reply(f"{opening} — {_described(memory.product)} {_in_stock(memory.product)}")


def _described(tire: Mapping[str, Any]) -> str:
    season = SEASON_ONE.get(tire.get("season", ""), "")
    return f"{season} шина {tire_name(tire)} розміру {tire['size']}, ціна {price(tire['price'])} за штуку."


def _in_stock(tire: Mapping[str, Any]) -> str:
    quantity = tire.get("stock_quantity", 0)
    if not quantity:
        return "Зараз її немає в наявності. Показати інші варіанти?"
    return f"Вона є в наявності, на складі {pieces(quantity)}. Оформити вам замовлення на ці шини?"
