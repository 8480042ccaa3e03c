"""A model's price, as it is written in the configuration. Pure."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Self

_FIELDS: Final = 4


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """Money for a million tokens of each kind. Written `model=input/output/cache read/cache write`."""

    model: str
    """Also of its dated versions: `claude-haiku-4-5` prices `claude-haiku-4-5-20251001`."""
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def __str__(self) -> str:
        return f"{self.model}={self.input}/{self.output}/{self.cache_read}/{self.cache_write}"

    @classmethod
    def parse(cls, value: object) -> Self:
        """Raises `ValueError` for what is not written so."""
        if isinstance(value, cls):
            return value
        model, _, listed = str(value).partition("=")
        try:
            prices = [Decimal(price.strip()) for price in listed.split("/")]
        except InvalidOperation:
            prices = []
        if not model.strip() or len(prices) != _FIELDS or not all(price.is_finite() and price >= 0 for price in prices):
            raise ValueError(f"{value!r}: write model=input/output/cache read/cache write")
        return cls(model.strip(), *prices)
