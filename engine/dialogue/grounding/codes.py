"""Numbers that are names, in a sentence: tyre sizes, telephones, orders and contracts."""

import re
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort

_BETWEEN: Final = ("на", "/", "по", "х", "x", "дріб", "-")
_RADIUS: Final = ("радіус", "радиус", "діаметр", "диаметр", "дюйм", "ер", "эр", "р", "r")
_WIDTHS: Final = range(125, 356, 5)
_PROFILES: Final = range(20, 91, 5)
_RIMS: Final = range(12, 25)
_HUNDRED: Final = 100
_PHONE: Final = re.compile(r"(?:38)?0\d{9}")
_LONGEST_RUN: Final = 14
_PHONE_DIGITS: Final = 9
_NUMBERED: Final = ("замовлен", "заказ", "номер", "договор", "договір", "код", "накладн", "квитанц", "рахун", "ттн")
_PASSED: Final = frozenset(("№", ":", "номер", "під", "за", "-"))
_LEAST_DIGITS: Final = 3


def written_size(page: Page, at: int) -> Found:
    """«205/55 R16», «R16»."""
    width, profile, rim = (part or None for part in page.at(at).parts)
    end = at + 1
    if rim is None and page.word(end).startswith(_RADIUS) and page.whole(end + 1) in _RIMS:
        rim, end = page.whole(end + 1), end + 2
    return (Claim(Kind.SIZE, ((width, profile, rim),)),), end


def spoken_size(page: Page, at: int) -> Found:
    """«Двісті п'ять на п'ятдесят п'ять радіус шістнадцять», «215 55 17»."""
    second = page.skip(at + 1, _BETWEEN)
    width, profile = page.whole(at), page.whole(second)
    if width not in _WIDTHS or profile not in _PROFILES:
        return _size_in_two(page, at)
    third = page.skip(second + 1, (",",)) if page.word(second + 2).startswith(_RADIUS) else second + 1
    third = page.skip(third, _BETWEEN)
    third += page.word(third).startswith(_RADIUS)
    if (rim := page.whole(third)) in _RIMS:
        return (Claim(Kind.SIZE, ((width, profile, rim),)),), third + 1 + page.word(third + 1).startswith(_RADIUS)
    if second == at + 1:  # twenty is a profile and a rim
        return _size_in_two(page, at)
    return (Claim(Kind.SIZE, ((width, profile, None),)),), second + 1


def _size_in_two(page: Page, at: int) -> Found:
    """«Триста двадцять п'ять тринадцять» is 300/25 R13: a round width and its profile sound like one number."""
    value, rim = page.whole(at), page.whole(at + 1)
    width, profile = value // _HUNDRED * _HUNDRED, value % _HUNDRED
    if not page.at(at).in_words or width not in _WIDTHS or profile not in _PROFILES or rim not in _RIMS:
        return None
    if page.word(at - 1).startswith(_NUMBERED):
        return None
    return (Claim(Kind.SIZE, ((width, profile, rim),)),), at + 2


def rim(page: Page, at: int) -> Found:
    """«Радіус 16», «шістнадцятий радіус», «16 дюймів»."""
    before = page.word(at - 1)
    is_before = before.startswith(_RADIUS[:4]) or before in _RADIUS
    is_after = page.word(at + 1).startswith(_RADIUS[:5])
    if page.whole(at) not in _RIMS or not (is_before or is_after):
        return None
    return (Claim(Kind.SIZE, ((None, None, page.whole(at)),)),), at + 1 + is_after


def written_phone(page: Page, at: int) -> Found:
    return (Claim(Kind.PHONE, (page.at(at).digits[-_PHONE_DIGITS:],)),), at + 1


def spoken_phone(page: Page, at: int) -> Found:
    """«Нуль шістдесят сім, сто двадцять три…»."""
    if not page.at(at).digits.startswith(("0", "38")):
        return None
    digits, end = "", at
    while len(digits) < _LONGEST_RUN and page.at(end).digits and page.at(end).sort is Sort.NUMBER:
        digits, end = digits + page.at(end).digits, end + 1
        if _PHONE.fullmatch(digits) and not (page.at(end).sort is Sort.NUMBER and page.at(end).digits):
            return (Claim(Kind.PHONE, (digits[-_PHONE_DIGITS:],)),), end
        end = page.skip(end, (",", "-"))
    return None


def order(page: Page, at: int) -> Found:
    """«Замовлення № 100245», «договір ЗБ-2041», «номер десять сорок два»."""
    named = at - 1
    while page.at(named).text in _PASSED and not page.word(named).startswith(_NUMBERED):
        named -= 1
    if not page.word(named).startswith(_NUMBERED):
        return None
    digits, end = page.at(at).digits, at + 1
    while page.at(at).in_words and page.at(end).sort is Sort.NUMBER and page.at(end).in_words:
        digits, end = digits + page.at(end).digits, end + 1
    return ((Claim(Kind.ORDER, (digits,)),), end) if len(digits) >= _LEAST_DIGITS else None


def code(page: Page, at: int) -> Found:
    """«ЗБ-2041», wherever it stands."""
    digits = page.at(at).digits
    return ((Claim(Kind.ORDER, (digits,)),), at + 1) if len(digits) >= _LEAST_DIGITS else None
