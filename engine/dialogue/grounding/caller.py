"""What the caller's bare numbers may stand for: «на десять» is a time where the talk is of times. Pure.

Were they good for anything, a caller's age would vouch for a stock and his house for a rim.
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.dialogue.grounding.claims import Kind
from engine.dialogue.grounding.reading import Reading
from engine.speech.verbalize.numerals import words

_SHOWN: Final = tuple(
    (kind, re.compile("|".join(pattern.split())))
    for kind, pattern in (
        (Kind.TIME, r"годин час(?:ов|а|у)?\b котр котор ранк вечор вечер утр запи[сш] зручн удобн приї[дх] прие"),
        (Kind.SIZE, r"розм размер ширин проф[іи]л в[иы]сот рад[іи]ус д[іи]аметр дюйм шин резин"),
        (Kind.ADDRESS, r"\bбуд(?:ин|\b) \bдом вулиц улиц адрес проспект провул переул відділен отделен квартир"),
        (Kind.PRICE, r"бюджет гривень грн гривен ціна цін[иуі] цена цен[уы] дешев дорог тисяч тысяч кошту стоит"),
    )
)
BRANCH: Final = re.compile(r"відділен|отделен")
"""Of a parcel service: numbered like a house."""
_AT: Final = frozenset(words("о об в у к до після после"))
_PIECES: Final = re.compile(r"шт|шин|колес|коліс|комплект|покриш|резин|скільк|кільк|скольк|пар[аиу]")
_COUNTED: Final = ("шт", "шин", "кол", "комплект", "покриш", "пар", "рок", "год", "лет")
_HOURS: Final = range(25)
_SIZES: Final = frozenset((*range(125, 356, 5), *range(20, 91, 5), *range(12, 25)))
_HOUSES: Final = range(1, 1000)
_QUANTITIES: Final = range(2, 50)
_ROUND: Final = 100


def meant(reading: Reading, asked: str) -> Iterator[tuple[Kind, float]]:
    """`asked`: what the bot had said just before, lower case. STOCK stands for what the caller wants, not what there
    is."""
    page = reading.page
    shown = [kind for kind, pattern in _SHOWN if pattern.search(page.text) or pattern.search(asked)]
    wants = bool(_PIECES.search(page.text) or _PIECES.search(asked)) or not shown
    for at, number in reading.bare():
        is_counted = page.word(at + 1).startswith(_COUNTED)
        if number in _QUANTITIES and (wants or is_counted):
            yield Kind.STOCK, number
        if is_counted:
            continue
        if number in _HOURS and (Kind.TIME in shown or page.word(at - 1) in _AT):
            yield Kind.TIME, number
        if number in _SIZES and Kind.SIZE in shown:
            yield Kind.SIZE, number
        if number in _HOUSES and Kind.ADDRESS in shown:
            yield Kind.ADDRESS, number
        rest = page.whole(at + 1)
        if Kind.PRICE in shown and number < _ROUND <= rest < 10 * _ROUND:  # «дві п'ятсот»
            yield Kind.PRICE, number * 1000 + rest
        if number >= _ROUND and (Kind.PRICE in shown or not number % _ROUND):
            yield Kind.PRICE, number
