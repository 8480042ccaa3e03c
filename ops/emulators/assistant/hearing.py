"""What an utterance changes in the memory: the slots the caller names, the goods the assistant was heard to name."""

import json
import re
from collections.abc import Sequence

from ops.emulators.assistant import words
from ops.emulators.assistant.memory import Json, Memory
from ops.seed.catalogue import find_model, load_catalogue

CHEAPEST = re.compile(r"дешевш|дешев[аоы]|дешевле|недорог")
DEAREST = re.compile(r"дорожч|дорож|найкращ|самы[ей] лучш")
ORDER = re.compile(
    r"замовл(?!енн)|зроби\w* замовл|замовит|закаж|заказыв|заказать|оформ|\bберу\b|візьму|возьму|куплю|купую|беремо"
)
FITTING = re.compile(
    r"шиномонтаж|монтаж|перевз|переоб|балансув|балансир|розвал|развал|запис(?:ати|ать|іть|ите|атися|аться)"
)
_ORDINALS = (("перш", "перв"), ("друг", "втор"), ("трет",))


def hear(memory: Memory, text: str) -> None:
    """Fill the slots the caller's words name."""
    plain = words.plain(text)
    memory.text = text
    _hear_tires(memory, plain)
    _hear_product(memory, plain)
    _hear_fitting(memory, plain)
    memory.name = words.name(text) or memory.name
    memory.payment = words.one_of(plain, words.PAYMENTS) or memory.payment
    memory.city = words.city(text) or memory.city
    if memory.draft is not None:
        _hear_delivery(memory, text, plain)
    if ORDER.search(plain) or memory.ordering or (memory.draft is not None and memory.delivery is not None):
        memory.ordering = memory.ordering or memory.draft is None
        if words.address(text) is None:
            memory.quantity = words.quantity(plain) or memory.quantity


def said(memory: Memory, text: str) -> None:
    """The assistant's own words, as far as they were heard."""
    memory.last_said = text
    heard = [tire for tire in memory.tires if f"{tire['brand']} {tire['model']}" in text]
    memory.mentioned.update(tire["id"] for tire in heard)
    if len(heard) == 1:
        memory.product = heard[0]


def _hear_tires(memory: Memory, plain: str) -> None:
    catalogue = load_catalogue()
    named = catalogue.find_vehicle(plain)
    year = words.year(plain)
    if named is not None:
        make, model = named
        memory.make, memory.model, memory.year = make.name, None if model is None else model.name, year
        memory.size, memory.oem_sizes = None, []
    elif memory.make is not None:
        make = catalogue.make(memory.make)
        model = None if memory.model else find_model(make, plain)
        memory.model = memory.model if model is None else model.name
        if year not in (None, memory.year):
            memory.year, memory.size, memory.oem_sizes = year, None, []
    memory.size = words.size(plain) or memory.size
    memory.season = words.one_of(plain, words.SEASONS) or memory.season
    memory.brand = catalogue.find_brand(plain) or memory.brand


def _hear_product(memory: Memory, plain: str) -> None:
    if not memory.tires:
        return
    in_stock = [tire for tire in memory.tires if tire.get("in_stock", True)] or memory.tires
    if CHEAPEST.search(plain):
        memory.product = min(in_stock, key=lambda tire: tire["price"])
    elif DEAREST.search(plain):
        memory.product = max(in_stock, key=lambda tire: tire["price"])
    elif memory.brand is not None:
        memory.product = next((tire for tire in memory.tires if tire["brand"] == memory.brand), memory.product)
    elif memory.draft is None and not memory.fitting:
        memory.product = chosen(plain, in_stock) or memory.product


def _hear_fitting(memory: Memory, plain: str) -> None:
    if FITTING.search(plain):
        memory.fitting = True
        memory.service = words.one_of(plain, words.SERVICES) or memory.service
    if memory.fitting:
        memory.day = words.day(plain, memory.today) or memory.day
        memory.time = words.clock_time(plain) or memory.time
        memory.station = chosen(plain, memory.stations) or memory.station
        memory.cancelling = re.search(r"скасу|відмін|отмен", plain) is not None
        memory.rescheduling = (
            memory.rescheduling or re.search(r"перенес|перенест|інший (?:час|день)", plain) is not None
        )


def _hear_delivery(memory: Memory, text: str, plain: str) -> None:
    if re.search(r"самовив|самовыв|забер|забрат|сам[аі]?\b", plain):
        memory.delivery_type = "pickup"
    elif words.address(text) or re.search(r"достав|привез|нов\w* пошт|нов\w* почт", plain):
        memory.delivery_type = "delivery"
    memory.address = words.address(text) or memory.address
    if memory.delivery_type == "pickup":
        memory.point = chosen(plain, memory.points) or memory.point


def chosen(plain: str, options: Sequence[Json]) -> Json | None:
    """The option meant by "перша", or by a word of its name or address."""
    for index, stems in enumerate(_ORDINALS):
        if index < len(options) and re.search(rf"\b(?:{'|'.join(stems)})\w*", plain):
            return options[index]
    for option in options:
        names = re.findall(
            r"\w{5,}", words.plain(f"{option.get('name') or option.get('model', '')} {option.get('address', '')}")
        )
        if any(name[:6] in plain for name in names if not _common(name, option, options)):
            return option
    return options[0] if len(options) == 1 else None


def _common(name: str, option: Json, options: Sequence[Json]) -> bool:
    """True if the word does not tell this option from the others."""
    others = (words.plain(json.dumps(other, ensure_ascii=False)) for other in options if other is not option)
    return any(name[:6] in other for other in others)
