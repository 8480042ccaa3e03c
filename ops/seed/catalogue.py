"""The seeded shop: what the store emulator sells and what the rule-based assistant understands of cars and brands.

`catalogue.json` holds the data; people's spellings ("тойоту камрі", "гольфа") are matched by word stems in Ukrainian,
Russian and Latin.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("catalogue.json")
_SIZE = re.compile(r"(\d{3})/(\d{2}) R(\d{2})")


@dataclass(frozen=True, slots=True)
class Tire:
    id: str
    brand: str
    model: str
    size: str
    season: str
    load_index: int
    speed_index: str
    price: int
    popularity: int
    stock: dict[str, int]
    """Pieces by warehouse key."""
    description: str

    @property
    def name(self) -> str:
        return f"{self.brand} {self.model} {self.size}"

    @property
    def stock_quantity(self) -> int:
        return sum(self.stock.values())


@dataclass(frozen=True, slots=True)
class Generation:
    first_year: int
    last_year: int
    oem_sizes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    make: str
    name: str
    stems: tuple[str, ...]
    generations: tuple[Generation, ...]

    def generation(self, year: int | None) -> Generation | None:
        """The generation built in `year`, or the newest when no year is known."""
        built = [g for g in self.generations if year is None or g.first_year <= year <= g.last_year]
        return built[-1] if built else None


@dataclass(frozen=True, slots=True)
class Make:
    name: str
    stems: tuple[str, ...]
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    tires: tuple[Tire, ...]
    makes: tuple[Make, ...]
    brands: dict[str, tuple[str, ...]]
    """Stems by brand; some brands are known and not sold."""
    warehouses: dict[str, str]
    rest: dict[str, Any]
    """Stations, pickup points, prices, orders and contracts, as they stand in the file."""

    def find_make(self, text: str) -> Make | None:
        return next((make for make in self.makes if mentions(text, make.stems)), None)

    def make(self, name: str) -> Make:
        """Raises StopIteration if there is none of that exact name."""
        return next(make for make in self.makes if make.name == name)

    def find_vehicle(self, text: str) -> tuple[Make, Model | None] | None:
        """The make and model named; a model alone is enough if its name is long enough to be no other word."""
        make = self.find_make(text)
        if make is not None:
            return make, find_model(make, text)
        models = ((make, model) for make in self.makes for model in make.models)
        return next(
            ((make, model) for make, model in models if mentions(text, (s for s in model.stems if len(s) >= 5))), None
        )

    def find_brand(self, text: str) -> str | None:
        return next((brand for brand, stems in self.brands.items() if mentions(text, stems)), None)


def find_model(make: Make, text: str) -> Model | None:
    return next((model for model in make.models if mentions(text, model.stems)), None)


def mentions(text: str, stems: Iterable[str]) -> bool:
    """True if a word of `text` begins with one of the stems, whatever its case and ending."""
    return _beginning_with(tuple(stems)).search(text.lower()) is not None


@cache
def _beginning_with(stems: tuple[str, ...]) -> re.Pattern[str]:
    # No stem at all must match nothing; an empty alternation would match everything.
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems)) or '(?!)'})")


def parse_size(size: str) -> tuple[int, int, int]:
    """Width, profile and diameter of "215/55 R17". Raises ValueError on anything else."""
    match = _SIZE.fullmatch(size)
    if match is None:
        raise ValueError(f"not a tyre size: {size!r}")
    width, profile, diameter = match.groups()
    return int(width), int(profile), int(diameter)


@cache
def load_catalogue() -> Catalogue:
    data = json.loads(_FILE.read_text(encoding="utf-8"))
    return Catalogue(
        tires=tuple(Tire(**row) for row in data.pop("tires")),
        makes=tuple(_make(row) for row in data.pop("makes")),
        brands={brand: tuple(stems) for brand, stems in data.pop("brands").items()},
        warehouses=data.pop("warehouses"),
        rest=data,
    )


def _make(row: dict[str, Any]) -> Make:
    return Make(row["name"], tuple(row["stems"]), tuple(_model(row["name"], model) for model in row["models"]))


def _model(make: str, row: dict[str, Any]) -> Model:
    generations = tuple(Generation(g["from"], g["to"], tuple(g["oem_sizes"])) for g in row["generations"])
    return Model(make, row["name"], tuple(row["stems"]), generations)
