"""How many of something there are: «на складі 20 штук», «є чотирнадцять таких шин», «маємо чотирнадцять»."""

import re
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort
from engine.speech.verbalize.numerals import words

_PIECES: Final = ("шт", "шин", "колес", "коліс", "колів", "комплект", "покриш", "одиниц")
_SET: Final = "комплект"
_IS: Final = frozenset(words("є маємо лише тільки ще осталось залишилося залишилось"))
_HAVE: Final = frozenset(words("є маємо"))
_THERE: Final = ("склад", "залиш", "наявн", "леж")
_OF_THEM: Final = frozenset(words("їх таких цих зараз ще"))
_BASIS: Final = frozenset(words("за по на із з"))
"""«Комплект із чотирьох шин», «за чотири шини»: what a price is for, not what there is."""
_WHICH: Final = re.compile(r"\w+[иі]х|так[іи]|ц[іи]|нов[іи]|ваш[іи]|зимов[іи]|літн[іи]|всесезонн[іи]|шипован[іи]")
"""Between a number and what it counts: «чотирнадцять таких шин»."""
_DIAMETER: Final = re.compile(r"радіус|діаметр|розмір|дюйм|\br\d")
_FEW: Final = 4
"""«Є дві» may be two of anything."""


def pieces(page: Page, at: int) -> Found:
    """Stock, where the sentence speaks of it; else a count."""
    count, before, unit = page.whole(at), page.word(at - 1), _unit_at(page, at + 1)
    if count < 0 or page.at(at).is_ordinal or before in _BASIS:
        return None
    if _SET in (page.word(at - 1)[: len(_SET)], page.word(at - 2)[: len(_SET)]):
        return None
    is_there = before in _IS or (before in _OF_THEM and (page.word(at - 2) in _HAVE or page.is_about_stock))
    is_beside = before.startswith(_THERE)
    if unit and (is_there or is_beside or (page.is_about_stock and unit == at + 1)):
        return (Claim(Kind.STOCK, _meant(count, page.word(unit))),), unit + 1
    if unit or page.at(at + 1).sort is not Sort.MARK or page.at(at + 1).text in ("/", "%", "-"):
        return None
    if page.is_about_stock and (is_there or is_beside):
        return (Claim(Kind.STOCK, (count,)),), at + 1
    if count > _FEW and is_there and before not in _IS - _HAVE - {"ще"} and not _DIAMETER.search(page.text):
        return (Claim(Kind.STOCK, (count, ("found", count))),), at + 1
    return None


def _unit_at(page: Page, at: int) -> int:
    """Where the counted is named; 0 if nowhere."""
    for index in (at, at + 1, at + 2):
        if page.word(index).startswith(_PIECES):
            return index
        if not _WHICH.fullmatch(page.word(index)):
            return 0
    return 0


def _meant(count: int, unit: str) -> tuple[int | tuple[str, int], ...]:
    return (count, ("sets", count)) if unit.startswith(_SET) else (count,)
