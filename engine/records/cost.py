"""What a call uses of its vendors and what that costs: quantities times a price table, in decimals. Pure.

A part of the cost is one thing a vendor bills for. What came from the phrase cache was not sent to anybody and is no
part of it. A model that the table does not name costs nothing here, and its lines say so: their price is None.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from engine.config import CostConfig
from engine.prices import ModelPrice

_DATED: Final = re.compile(r"-(?:\d{8}|latest)$")
_MICRO: Final = Decimal("0.000001")
_MINUTE: Final = 60
_MILLION: Final = 1_000_000
TOKENS: Final = ("input", "output", "cache_read", "cache_write")
"""The kinds of tokens, each with a price of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """So much of one part: `price` is for `per` units, None if the table has none."""

    part: str
    quantity: Decimal
    unit: str
    price: Decimal | None
    per: int

    @property
    def cost(self) -> Decimal:
        return self.quantity * (self.price or Decimal(0)) / self.per


def speech(prices: CostConfig, seconds: float) -> Line:
    """Audio sent to the recogniser."""
    return Line("speech", Decimal(str(round(seconds, 3))), "second", prices.speech_minute, _MINUTE)


def voice(prices: CostConfig, characters: int) -> Line:
    """Text sent to the synthesiser."""
    return Line("voice", Decimal(characters), "character", prices.voice_million_characters, _MILLION)


def tokens(prices: CostConfig, model: str, counts: Mapping[str, int]) -> tuple[Line, ...]:
    """A request to a model, by kind of token; kinds it did not use are left out."""
    price = price_of(prices, model)
    return tuple(
        Line(f"model_{kind}", Decimal(counts[kind]), "token", None if price is None else getattr(price, kind), _MILLION)
        for kind in TOKENS
        if counts.get(kind)
    )


def price_of(prices: CostConfig, model: str) -> ModelPrice | None:
    """Dated versions cost what the model does; `...-5-5` is another model than `...-5`."""
    undated = _DATED.sub("", model)
    return next((price for price in prices.models if price.model in (model, undated)), None)


def total(lines: Iterable[Line]) -> Decimal:
    """To the millionth."""
    return sum((line.cost for line in lines), Decimal(0)).quantize(_MICRO)


class Bill:
    """What one call has used so far, a line a part."""

    def __init__(self) -> None:
        self._lines: dict[str, Line] = {}

    def add(self, line: Line) -> None:
        known = self._lines.get(line.part)
        quantity = line.quantity + (known.quantity if known is not None else 0)
        self._lines[line.part] = replace(line, quantity=quantity)

    @property
    def total(self) -> Decimal:
        return total(self._lines.values())

    def breakdown(self) -> dict[str, dict[str, Any]]:
        """Part -> its quantity, the price that applied, and the cost, as JSON has them."""
        return {
            line.part: {
                "quantity": float(line.quantity), "unit": line.unit, "price": _number(line.price), "per": line.per,
                "cost": float(line.cost.quantize(_MICRO)),
            }
            for line in self._lines.values()
        }  # fmt: skip


def _number(price: Decimal | None) -> float | None:
    return None if price is None else float(price)
