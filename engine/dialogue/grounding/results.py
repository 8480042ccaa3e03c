"""A tool's answer as facts: what each number in it counts, by its key; every text as it stands. Pure."""

import json
from collections.abc import Collection, Iterator, Mapping
from enum import Enum, auto
from typing import Any, Final


class Role(Enum):
    PRICE = auto()
    """Hryvnias, of goods or an order."""
    CHARGE = auto()
    """Hryvnias, of what is added to it: delivery, a service."""
    STOCK = auto()
    QUANTITY = auto()
    """Pieces of an order; of a warehouse too, which the key does not tell."""
    FOUND = auto()
    """Products that a search found, shown or not."""
    OTHER = auto()


_LARGEST: Final = 10**15
"""What is larger, or no number at all, nobody will say."""
_ROLES: Final[Mapping[str, Role]] = {
    "price": Role.PRICE,
    "total": Role.PRICE,
    "subtotal": Role.PRICE,
    "delivery_cost": Role.CHARGE,
    "cost": Role.CHARGE,
    "stock_quantity": Role.STOCK,
    "total_quantity": Role.STOCK,
    "quantity": Role.QUANTITY,
}
_OF_A_SEARCH: Final[Mapping[str, Role]] = {"total": Role.FOUND}
_OF_A_SERVICE: Final[Mapping[str, Role]] = {"price": Role.CHARGE}


def facts(content: str, echoed: Collection[str] = ()) -> Iterator[str | tuple[Role, float]]:
    """Of an answer as the model gets it. Ids are left out: they are not for speaking; and, outside of lists, what is
    `echoed`: the model's own words come back, and prove nothing."""
    try:
        answer = json.loads(content)
    except json.JSONDecodeError:
        yield content
    else:
        yield from _facts(answer, "", _ROLES, echoed)


def plain(text: str) -> str:
    """As the echo of a text is compared."""
    return " ".join(text.split()).casefold()


def _facts(
    node: Any, key: str, roles: Mapping[str, Role], echoed: Collection[str]
) -> Iterator[str | tuple[Role, float]]:
    match node:
        case bool() | None:
            pass
        case int() | float() if abs(node) < _LARGEST:
            yield roles.get(key, Role.OTHER), node
        case str():
            if not key.endswith("id") and not (echoed and plain(node) in echoed):
                yield node
        case list():
            for each in node:
                yield from _facts(each, key, roles, ())
        case dict():
            special = _OF_A_SEARCH if "tires" in node else _OF_A_SERVICE if "label" in node else {}
            for name, value in node.items():
                yield from _facts(value, name, {**_ROLES, **special}, echoed)
