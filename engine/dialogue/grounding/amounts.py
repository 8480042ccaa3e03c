"""Prices, per cent, measures and bare numbers in a sentence. Pieces in stock are in `stock`."""

import re
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.hours import HALF
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort

_HRYVNIA: Final = ("грн", "грив", "uah")
_KOPECK: Final = ("коп",)
_FOREIGN: Final = ("долар", "доллар", "usd", "євро", "евро", "eur", "рубл")
_SIGNS: Final = {"₴": True, "$": False, "€": False}
"""Whether hryvnias are meant."""
_PER_CENT: Final = ("відсот", "процент")
_FREE: Final = ("безкоштовн", "безплатн", "бесплатн", "задарма", "задаром", "даром", "даруємо", "подаруємо", "дарим")
_GIFT: Final = ("подарунок", "подарок")
_AS: Final = ("у", "в")
_CALLER_GIVES: Final = re.compile(r"сертиф|(?:шукає|обирає|купує|бер[её]|ище|выбирае|покупае)те")
"""«Шукаєте у подарунок»: then it is the caller who gives."""
_NO: Final = ("не", "ні", "до", "от")
"""«До безкоштовної доставки не вистачає»: what it is not."""
_OF_A_CALL: Final = re.compile(r"дзвін|лінія|лінії|линия")
_WORTH: Final = ("цін", "варт", "цен", "стоим")
_MEASURES: Final = {
    "мм": "mm",
    "міліметр": "mm",
    "миллиметр": "mm",
    "см": "cm",
    "сантиметр": "cm",
    "атм": "atm",
    "бар": "atm",
}
_LETTER_R: Final = ("ер", "эр", "р", "r")
"""Not «п'ятнадцять дев'ятсот гривень»: «R15, дев'ятсот гривень»."""
LARGE: Final = 100
"""Numbers from here on are no everyday speech."""
_NAMED: Final = 1000
"""Below it, a number next to a Latin name is part of the name: Primacy 4, TS 870."""


def price(page: Page, at: int) -> Found:
    """«2 350 грн», «дві триста п'ятдесят гривень», «2350 гривень 50 копійок», «$100»."""
    token = page.at(at)
    if token.is_ordinal:
        return None
    amount, end = token.value, page.skip(at + 1, (".",))
    if (following := page.at(at + 1)).sort is Sort.NUMBER and token.in_words and following.in_words:
        if not (token.value < LARGE <= following.value < LARGE * 10) or page.word(at - 1) in _LETTER_R:
            return None
        amount, end = token.value * 1000 + following.value, at + 2
    unit, before = page.word(end), page.at(at - 1).text
    if unit.startswith(_KOPECK):
        return (Claim(Kind.PRICE, (round(amount),)),), end + 1
    if unit.startswith(_FOREIGN) or _SIGNS.get(before) is False or _SIGNS.get(page.at(end).text) is False:
        return (Claim(Kind.PRICE, (("foreign", amount),)),), end + 1
    if before != "₴" and page.at(end).text != "₴" and not unit.startswith(_HRYVNIA):
        return None
    end = page.skip(end + (before != "₴"), (".",))
    kopecks = page.whole(end) if page.word(end + 1).startswith(_KOPECK) else -1
    if kopecks >= 0:
        return (Claim(Kind.PRICE, (round(amount * 100) + kopecks,)),), end + 2
    return (Claim(Kind.PRICE, (round(amount * 100),)),), end


def per_cent(page: Page, at: int) -> Found:
    unit = page.at(at + 1)
    if unit.text != "%" and not page.word(at + 1).startswith(_PER_CENT):
        return None
    return (Claim(Kind.PRICE, (("%", page.at(at).value),)),), at + 2


def measure(page: Page, at: int) -> Found:
    """«4 мм», «2,3 бара»."""
    unit = next((name for stem, name in _MEASURES.items() if page.word(at + 1).startswith(stem)), None)
    return None if unit is None else ((Claim(Kind.SIZE, ((unit, page.at(at).value),)),), at + 2)


def free(page: Page, at: int) -> Found:
    """«Доставка безкоштовна», «монтаж у подарунок»: a price like any other."""
    is_gift = page.word(at) in _GIFT
    if is_gift and (page.word(at - 1) not in _AS or _CALLER_GIVES.search(page.text)):
        return None
    before = page.word(at - 2 if is_gift else at - 1)
    is_said = not page.is_question and before not in _NO and not _OF_A_CALL.search(page.text)
    return (Claim(Kind.PRICE, (0,)),) if is_said else (), at + 1


def is_free(word: str) -> bool:
    """Whether `free` is to look."""
    return word.startswith(_FREE) or word in _GIFT


def half_price(page: Page, at: int) -> Found:
    """«Пів ціни»."""
    if page.word(at) not in HALF or not page.word(at + 1).startswith(_WORTH):
        return None
    return (Claim(Kind.PRICE, (("%", 50),)),), at + 2


def bare(page: Page, at: int) -> Found:
    """A number with nothing to tell what it counts."""
    token, before = page.at(at), page.at(at - 1)
    kind = Kind.COUNT if abs(token.value) < LARGE else Kind.NUMBER
    is_name = before.text.isascii() and before.sort in (Sort.WORD, Sort.NAME)
    if is_name and token.value < _NAMED:
        kind = Kind.COUNT
    return (Claim(kind, (token.value,)),), at + 1
