"""What a sentence may claim: a kind of value, and how it may be meant."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Also the label in metrics and the word in `call_events`. Values, by kind:"""

    PRICE = "price"
    """Kopecks; `("%", per cent)`; `("foreign", amount)`."""
    DATE = "date"
    """`(month, day)`; `("day", of any month)`; `("weekday", 0 to 6)`; `"today"`; `"next"`, the next working day."""
    TIME = "time"
    """Minutes since midnight."""
    TERM = "term"
    """`(unit, how many)` in minutes, days or months: two weeks are fourteen days; `("ahead", days)` until a date."""
    ADDRESS = "address"
    """`(stems of the street's name, house number or None, whether a word for a street stands with it)`."""
    PHONE = "phone"
    """The last nine digits."""
    ORDER = "order"
    """The digits of an order's or contract's number."""
    SIZE = "size"
    """`(width, profile, rim)`, None where not said; `(unit, number)` of a measure."""
    STOCK = "stock"
    """Pieces; `("sets", fours)`; `("found", products)`."""
    NUMBER = "number"
    """A number from a hundred up with nothing to tell what it counts."""
    COUNT = "count"
    """Any smaller number: everyday speech, no claim. Evidence all the same."""


@dataclass(frozen=True, slots=True)
class Claim:
    kind: Kind
    values: tuple[Any, ...]
    """Hashable. Any of them may be meant: «о пів на третю» is 2:30 or 14:30."""
