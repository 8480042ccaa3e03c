"""What this caller's earlier calls changed in the store, in lines for the model. Pure.

A call may have been cut off before he heard of it. So he is told the truth when he calls again, and nothing is ordered
twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from engine.store.actions import Recorded

_LINES: Final = 5
"""The newest so many."""

type _Say = Callable[[Mapping[str, Any]], str]

_DONE: Final[Mapping[str, _Say]] = {
    "confirm_order": lambda answer: f"підтверджено замовлення № {answer['order_number']}, {answer['total']} грн",
    "book_fitting": lambda answer: f"записано на шиномонтаж: {_visit(answer)}",
    "cancel_fitting": lambda answer: (
        f"перенесено запис на шиномонтаж: {_visit(answer)}"
        if answer["status"] == "rescheduled"
        else "скасовано запис на шиномонтаж"
    ),
}
_UNKNOWN: Final[Mapping[str, _Say]] = {
    "confirm_order": lambda request: (
        f"невідомо, чи підтвердилося замовлення № {request.get('order_number', '?')}: перевірте get_order_status"
    ),
    "book_fitting": lambda request: "невідомо, чи вдався запис на шиномонтаж: перевірте get_customer_bookings",
    "cancel_fitting": lambda request: "невідомо, чи змінився запис на шиномонтаж: перевірте get_customer_bookings",
}
"""What only the store can say: a line to look before anything is done again."""


def told(past: Sequence[Recorded], now: datetime) -> Iterator[str]:
    """One line each, oldest first, in the shop's time. What the store has refused is nothing to tell."""
    found = [(each, line) for each in past if (line := _line(each))]
    for each, line in found[-_LINES:]:
        yield f"{each.action.at.astimezone(now.tzinfo):%d.%m о %H:%M} {line}"


def _line(each: Recorded) -> str:
    tool = each.action.tool
    if each.answer is not None:
        return _DONE[tool](each.answer) if tool in _DONE else ""
    return _UNKNOWN[tool](each.action.request) if each.is_unknown and tool in _UNKNOWN else ""


def _visit(answer: Mapping[str, Any]) -> str:
    return ", ".join(str(answer[name]) for name in ("station", "date", "time") if answer.get(name))
