"""What an operator is told of a call when the model has written nothing: the facts the code has. Pure."""

from collections.abc import Iterator
from typing import Final

from engine.dialogue.tools.changes import number
from engine.dialogue.tools.state import CallState, Draft

_MOST: Final = 600
_WORDS: Final = 200
_SIZES: Final = 3
_NOTHING_SAID: Final = "Клієнт ще нічого не сказав."
_SEASONS: Final = {"winter": "зимові", "summer": "літні", "all_season": "всесезонні"}


def summary_of(state: CallState, last_words: str) -> str:
    """In sentences, the newest wish first; at most 600 characters."""
    return " ".join(_facts(state, " ".join(last_words.split())))[:_MOST].strip()


def _facts(state: CallState, last_words: str) -> Iterator[str]:
    yield f"Останні слова клієнта: «{last_words[:_WORDS]}»." if last_words else _NOTHING_SAID
    if state.note:
        yield state.note
    if state.draft:
        yield _draft(state.draft)
    elif state.products:
        sizes = dict.fromkeys(
            f"{_SEASONS.get(tire.season, '')} {tire.size}".strip() for tire in state.products.values()
        )
        yield f"Шукали шини: {', '.join(list(sizes)[-_SIZES:])}."
    for order in state.confirmed:
        yield f"Підтверджено замовлення № {order.order_number}, {number(order.total)} грн."
    if state.slots and not state.booking_changes:
        yield "Обирали час на шиномонтаж."


def _draft(draft: Draft) -> str:
    items = ", ".join(f"{line.name} × {line.quantity}" for line in draft.lines)
    where = f", доставка: {draft.place}" if draft.place else ""
    total = f", разом {number(draft.total)} грн" if draft.total is not None else ""
    return f"Чернетка замовлення № {draft.order_number}: {items}{where}{total}."
