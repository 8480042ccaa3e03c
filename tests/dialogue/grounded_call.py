"""The data of one call, as the model is shown it: what the gate's sentences are true or false by."""

import json
from datetime import date
from typing import Any, Final

from engine.dialogue.grounding import Gate
from engine.dialogue.llm import Message, Text, ToolOutcome, ToolUse

TODAY: Final = date(2026, 11, 22)
"""A Sunday."""
SYSTEM: Final = """
Ти помічниця магазину. Пиши ціни як «7 777 грн», розміри як «185/65 R14», дати як «1 травня».
- Коротко: одне-три речення.
Магазин працює з 9 до 18 щодня."""
CONTEXT: Final = """Зараз: неділя, 2026-11-22 17:30.
З цього номера раніше (скажіть про це клієнтові, якщо питає; не оформлюйте вдруге):
- 18.11 о 10:05 підтверджено замовлення № 100231, 18600 грн."""
_TIRES: Final = [
    {"id": "T1003", "brand": "Michelin", "model": "X-Ice Snow", "size": "205/55 R16", "season": "winter",
     "price": 4650, "currency": "UAH", "in_stock": True, "stock_quantity": 23},
    {"id": "T1021", "brand": "Debica", "model": "Frigo HP2", "size": "205/55 R16", "season": "winter",
     "price": 2350, "currency": "UAH", "in_stock": True, "stock_quantity": 12},
    {"id": "T1030", "brand": "Nokian Tyres", "model": "Hakkapeliitta R5", "size": "205/55 R16", "season": "winter",
     "price": 5120.5, "currency": "UAH", "in_stock": True, "stock_quantity": 8},
]  # fmt: skip
RESULTS: Final[list[dict[str, Any]]] = [
    {"vehicle": "Toyota Corolla 2020", "oem_sizes": ["205/55 R16", "225/45 R17"]},
    {"tires": _TIRES, "total": 7},
    {"product_id": "T1021", "total_quantity": 12, "locations": [
        {"warehouse": "Київ, Кільцева дорога", "quantity": 9}, {"warehouse": "Львів, вулиця Городоцька", "quantity": 3},
    ], "next_delivery": "2026-11-26"},
    {"order_id": "o1", "order_number": "100245", "items": [
        {"product_id": "T1021", "name": "Debica Frigo HP2 205/55 R16", "quantity": 4, "price": 2350},
    ], "subtotal": 9400},
    {"order_id": "o1", "delivery_cost": 250, "total": 9650},
    {"stations": [{"id": "FS-3", "name": "Шиномонтаж на Городоцькій", "address": "Львів, вулиця Городоцька 174"}]},
    {"slots": [{"date": "2026-11-24", "times": ["10:00", "14:30"]}, {"date": "2026-11-25", "times": ["09:00"]}]},
    {"prices": [{"label": "Шиномонтаж комплекту, R16", "price": 900}, {"label": "Балансування, R16", "price": 400}]},
    {"contracts": [{"number": "ЗБ-2041", "items": "4 шини Michelin Primacy 4", "stored_until": "2027-04-30"}]},
    {"note": "Цитати", "passages": [
        {"title": "Доставка", "text": "Строк: один-три робочі дні, у межах міста наступного робочого дня. Замовлення "
         "від 10 000 гривень доставляємо безкоштовно. Гаряча лінія 0 800 330 485."},
        {"title": "Повернення", "text": "Повернути шини можна протягом чотирнадцяти днів. Знижка постійним клієнтам "
         "п'ять відсотків. Протектор зимових не менший за 4 мм."},
    ]},
]  # fmt: skip
SAID: Final = (
    "Мне нужны зимние шины двести пять на пятьдесят пять радиус шестнадцать, четыре штуки",
    "доставка в Киев, улица Крещатик двадцать два, телефон ноль шестьдесят семь сто двадцать три сорок пять "
    "шестьдесят семь",
    "а можно в п'ятницю о п'ятій, бюджет десь три тисячі за штуку",
)


def gate(*results: Any, said: tuple[str, ...] = (), system: str = "", context: str = "") -> Gate:
    """One that has been shown these and nothing else."""
    opened = Gate(TODAY)
    shown = [Message("user", (Text(words),)) for words in said]
    for number, result in enumerate(results):
        content = json.dumps(result, ensure_ascii=False)
        shown.append(Message("assistant", (Text("Ціна 6 666 грн."), ToolUse(f"t{number}", "any", {"price": 5_555}))))
        shown.append(Message("user", (ToolOutcome(f"t{number}", content),)))
    opened.learn(system, context, shown)
    return opened


def whole_call() -> Gate:
    return gate(*RESULTS, said=SAID, system=SYSTEM, context=CONTEXT)
