"""How the assistant says numbers, goods and days in Ukrainian. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

SEASON_ONE = {"winter": "зимова", "summer": "літня", "all_season": "всесезонна"}
SEASON_MANY = {"winter": "зимові", "summer": "літні", "all_season": "всесезонні"}
PAYMENT = {"cod": "при отриманні", "online": "онлайн", "card_on_delivery": "карткою при отриманні"}
_MONTHS = (
    *("січня", "лютого", "березня", "квітня", "травня", "червня"),
    *("липня", "серпня", "вересня", "жовтня", "листопада", "грудня"),
)
OPERATOR_OFFER = "З'єднати вас з оператором?"
UNCLEAR = "Вибачте, я не зовсім зрозуміла."
MORE_HELP = "Чи можу ще чимось допомогти?"
LOOKING = "Зараз подивлюся."


def price(amount: float) -> str:
    """ "2 350 грн"; kopecks only if there are any."""
    whole, kopecks = divmod(round(amount * 100), 100)
    return f"{whole:,}".replace(",", " ") + (f",{kopecks:02d}" if kopecks else "") + " грн"


def plural(count: int, one: str, few: str, many: str) -> str:
    """The number with its noun: 1 шина, 2 шини, 5 шин."""
    if count % 10 == 1 and count % 100 != 11:
        return f"{count} {one}"
    if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14):
        return f"{count} {few}"
    return f"{count} {many}"


def pieces(count: int) -> str:
    return plural(count, "штука", "штуки", "штук")


def listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} і {parts[-1]}"


def tire_name(tire: Mapping[str, Any]) -> str:
    return f"{tire['brand']} {tire['model']}"


def calendar_day(iso: str) -> str:
    """ "24 листопада" from "2026-11-24"."""
    day = date.fromisoformat(iso)
    return f"{day.day} {_MONTHS[day.month - 1]}"
