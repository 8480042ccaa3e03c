"""What the code knows about the call, in the few lines the model is given with every request. Pure.

The model forgets and invents; what is written here it need not remember. Words from the store are quoted as one line
each, so that nothing in them passes for a line of ours.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from engine.dialogue.tools.changes import number
from engine.dialogue.tools.past import told
from engine.dialogue.tools.rules import MAX_TOOL_CALLS
from engine.dialogue.tools.stages import Stage
from engine.dialogue.tools.state import CallState, Draft
from engine.pbx.operators import Presence
from engine.store.models import Tire

_LAST_PRODUCTS: Final = 10
_WEEKDAYS: Final = ("понеділок", "вівторок", "середа", "четвер", "п'ятниця", "субота", "неділя")
_STAGES: Final = {
    Stage.CHOOSING: "замовлення ще немає",
    Stage.DRAFTED: "є чернетка; дізнайтеся про доставку",
    Stage.DELIVERY_SET: "зачитайте товари, доставку й загальну суму та запитайте згоду",
    Stage.READ_BACK: "усе зачитано; чекаємо чіткого «так»",
    Stage.AGREED: "клієнт погодився; можна підтверджувати",
    Stage.ORDERED: "замовлення підтверджено",
    Stage.TRANSFERRING: "з'єднуємо з оператором",
}


def pinned(state: CallState, now: datetime, hours: str) -> str:
    """`hours`: when operators are there, in words; empty: at any time."""
    return "\n".join(_lines(state, now, hours))


def _lines(state: CallState, now: datetime, hours: str) -> Iterator[str]:
    yield f"Зараз: {_WEEKDAYS[now.weekday()]}, {now:%Y-%m-%d %H:%M}."
    yield "Номер клієнта: " + (
        "відомий системі, питати не треба." if state.phone else "прихований; замовлення — лише через оператора."
    )
    if past := [_one_line(line) for line in told(state.past, now)]:
        yield "З цього номера раніше (скажіть про це клієнтові, якщо питає; не оформлюйте вдруге):"
        yield from (f"- {line}." for line in past)
    if state.note:
        yield state.note
    if state.presence is not Presence.AVAILABLE:
        when = f" (вони на зв'язку {hours})" if hours else ""
        yield f"Операторів зараз немає{when}: не обіцяйте їх, пропонуйте передзвонити (create_callback_request)."
    yield f"Етап: {_STAGES[state.stage]}."
    if state.products:
        yield "Знайдені товари:"
        yield from (_product(tire) for tire in list(state.products.values())[-_LAST_PRODUCTS:])
    if state.draft:
        yield _draft(state.draft)
    for order in state.confirmed:
        yield f"Підтверджено замовлення № {_one_line(order.order_number)}, {number(order.total)} грн."
    if state.tool_calls >= MAX_TOOL_CALLS:
        yield "Ліміт запитів вичерпано: лише оператор."


def _product(tire: Tire) -> str:
    stock = f"{tire.stock_quantity} шт." if tire.in_stock else "немає"
    name = _one_line(f"{tire.brand} {tire.model} {tire.size}")
    return f"- id {_one_line(tire.id)}: {name}, {number(tire.price)} грн, в наявності: {stock}"


def _draft(draft: Draft) -> str:
    items = "; ".join(f"{_one_line(line.name)} × {line.quantity} по {number(line.price)} грн" for line in draft.lines)
    where = f"; доставка: {_one_line(draft.place)}" if draft.place else ""
    total = f"; разом {number(draft.total)} грн" if draft.total is not None else ""
    return (
        f"Чернетка: order_id {_one_line(draft.order_id)}: {items}; товари {number(draft.subtotal)} грн{where}{total}."
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:120]
