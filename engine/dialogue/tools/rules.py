"""The limits a call's tools keep, whatever the model wants, and the words for the refusal.

A refusal is a hint to the model in the caller's language: what went wrong and what to say or do next.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from engine.errors import EngineError

MAX_TOOL_CALLS: Final = 10
"""A call. Handing over to an operator is always allowed and not counted."""
MAX_ORDERS_A_DAY: Final = 3
"""Confirmed orders of one phone number since midnight."""
MAX_ORDER_TOTAL: Final = Decimal(50_000)
"""UAH, delivery included."""


class ToolRefused(EngineError):
    """A rule says no; the message is for the model."""


NO_PHONE: Final = "Номер абонента не визначився, тому цього зробити не можна. Запропонуйте оператора."
TOO_MANY_CALLS: Final = "Ліміт запитів на цей дзвінок вичерпано. Запропонуйте з'єднати з оператором."
TOO_MANY_ORDERS: Final = f"З цього номера сьогодні вже {MAX_ORDERS_A_DAY} замовлення. Запропонуйте оператора."
TOO_EXPENSIVE: Final = f"Замовлення понад {MAX_ORDER_TOTAL} грн оформлює оператор. Запропонуйте оператора."
NO_PRICE: Final = "Ціна цього товару невідома, замовити його не можна. Запропонуйте інший товар або оператора."
NOT_FOUND_YET: Final = "Такого ідентифікатора в цьому дзвінку не було. Спершу отримайте його: "


def require_known(identifier: str | None, known: Iterable[str], source: str) -> str:
    """An id may only come from this call's own results; `source` is the tool that gives it."""
    if identifier is None or identifier not in known:
        raise ToolRefused(NOT_FOUND_YET + source)
    return identifier


def require_affordable(total: Decimal) -> None:
    if total > MAX_ORDER_TOTAL:
        raise ToolRefused(TOO_EXPENSIVE)


def require_prices(prices: Iterable[Decimal]) -> None:
    if any(price <= 0 for price in prices):
        raise ToolRefused(NO_PRICE)
