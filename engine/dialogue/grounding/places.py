"""Addresses in a sentence: a street and its house. Stems, because streets decline: «на Городоцькій, 174»."""

import re
from functools import lru_cache
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort

_STREET: Final = re.compile(
    r"вул(?:иц.*)?|ул(?:иц.*)?|просп(?:ект.*)?|бул(?:ьв?|ьвар.*)?|пров(?:улк.*|улок)?|переул.*|площ[аіу]|пл"
    r"|шосе|шоссе|наб(?:ережн.*)?|узв(?:оз|із).*|майдан.*"
)
_AFTER_NAME: Final = re.compile(r"дорог[аиіоу]\w*|дорозі|шосе|шоссе|узвіз|майдан")
_BRANCH: Final = re.compile(r"відділен.*|отделен.*|поштомат.*|постамат.*")
_HOUSE: Final = frozenset(("буд", "будинок", "будинку", "дом", "№", ",", ".", "номер"))
_MOST_NAMES: Final = 3
_LARGEST_HOUSE: Final = 1000
_STEM: Final = 5
_SHORTEST: Final = 4
_ONE_LETTER: Final = str.maketrans(
    {"і": "и", "ї": "и", "й": "и", "ы": "и", "є": "е", "э": "е", "ґ": "г", "ь": None, "ъ": None}
)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """What a street's name keeps in every case, and mostly in Russian too."""
    return word.translate(_ONE_LETTER)[:_STEM]


def opens_a_place(word: str) -> bool:
    return _STREET.fullmatch(word) is not None or _BRANCH.fullmatch(word) is not None


def street(page: Page, at: int) -> Found:
    """«Вул. Хрещатик, 22», «на проспекті Броварському», «Кільцева дорога 12», «відділення № 5»."""
    word = page.word(at)
    if _BRANCH.fullmatch(word):
        return _branch(page, at)
    if page.at(at).is_capital and _AFTER_NAME.fullmatch(page.word(at + 1)):
        return _with_house(page, (stem(word),), at + 2)
    if not _STREET.fullmatch(word):
        return None
    end = page.skip(at + 1, (".", "«"), most=2)
    first = end
    while page.word(end) and end - first < _MOST_NAMES and (end == first or page.at(end).is_capital):
        end += 1
    if first == end or not page.at(first).is_capital:
        return None
    return _with_house(page, tuple(stem(page.word(index)) for index in range(first, end)), page.skip(end, ("»",)))


def house(page: Page, at: int) -> Found:
    """«Кільцева, 12» with no word for a street: a claim if the street is known (`gate`)."""
    end = page.skip(at + 1, (",",))
    number, after = page.whole(end), page.at(end + 1)
    if not page.at(at).is_capital or at == 0 or not 0 < number < _LARGEST_HOUSE or page.word(at).isascii():
        return None
    if after.sort is not Sort.MARK or (after.text and after.text in "/%-–—"):
        return None
    return (Claim(Kind.ADDRESS, (((stem(page.word(at)),), number, False),)),), end + 1


def known_houses(page: Page) -> set[tuple[str, int]]:
    """Of data, where streets may stand without any word for one: each number with the two words before it."""
    found: set[tuple[str, int]] = set()
    for at, token in enumerate(page.tokens):
        if token.sort is not Sort.NUMBER or not 0 < (number := page.whole(at)) < _LARGEST_HOUSE:
            continue
        last = at - 1
        while page.at(last).text in _HOUSE and last >= 0:
            last -= 1
        names = (page.word(each) for each in (last, last - 1) if each == last or page.word(last))
        found.update((stem(name), number) for name in names if len(name) >= _SHORTEST or _BRANCH.fullmatch(name))
    return found


def known_words(page: Page) -> set[str]:
    return {stem(token.text) for token in page.tokens if token.sort is Sort.WORD and len(token.text) >= _SHORTEST}


def _branch(page: Page, at: int) -> Found:
    return _with_house(page, (stem(page.word(at)),), at + 1) if page.whole(_house_at(page, at + 1)) > 0 else None


def _house_at(page: Page, end: int) -> int:
    return page.skip(end, _HOUSE, most=3)


def _with_house(page: Page, names: tuple[str, ...], end: int) -> Found:
    number = page.whole(house_at := _house_at(page, end))
    if 0 < number < _LARGEST_HOUSE and page.counts_nothing(house_at + 1):
        return (Claim(Kind.ADDRESS, ((names, number, True),)),), house_at + 1
    return (Claim(Kind.ADDRESS, ((names, None, True),)),), end
