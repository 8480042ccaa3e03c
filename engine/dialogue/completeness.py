"""Has the caller said all of it? Read from the words so far and from what the bot asked for. Pure.

Recognisers cut at pauses of half a second, and people pause inside numbers («двісті п'ять… п'ятдесят п'ять…») and after
connectives. `endpointing` waits longer while this says so; a wrong guess costs a second, never a word.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from engine.dialogue.expectations import Expectation

_WORD: Final = re.compile(r"\d+|[^\W\d_]+(?:['’ʼ-][^\W\d_]+)*")

_CONNECTIVE_WORDS: Final = (
    "і й та а але або чи на в у з із зі до від для по під над при про за щоб що якщо бо через між крім без після перед "
    "и но или с со из от о об чтобы если потому что между кроме без после перед к ко "
    "ну е ее еее ем емм мм ммм типу типа значить значит це это ще еще мені мне хочу потрібно нужно треба надо"
)
_CONNECTIVES: Final = frozenset(_CONNECTIVE_WORDS.split())
"""Ukrainian and Russian words a sentence does not end with, and sounds of thinking."""

_UNITS: Final = (
    "нуль ноль один одна одну два дві две три чотири четыре п'ять пять шість шесть сім семь вісім восемь дев'ять девять"
)
_TEENS: Final = (
    "десять одинадцять одиннадцать дванадцять двенадцать тринадцять тринадцать чотирнадцять четырнадцать п'ятнадцять "
    "пятнадцать шістнадцять шестнадцать сімнадцять семнадцать вісімнадцять восемнадцать дев'ятнадцять девятнадцать"
)
_TENS: Final = (
    "двадцять двадцать тридцять тридцать сорок п'ятдесят пятьдесят шістдесят шестьдесят сімдесят семьдесят вісімдесят "
    "восемьдесят дев'яносто девяносто"
)
_HUNDREDS: Final = (
    "сто двісті двести триста чотириста четыреста п'ятсот пятьсот шістсот шестьсот сімсот семьсот вісімсот восемьсот "
    "дев'ятсот девятьсот"
)
_DIGITS_OF: Final[Mapping[str, int]] = {
    word: digits for words, digits in ((_UNITS, 1), (_TEENS, 2), (_TENS, 2), (_HUNDREDS, 3)) for word in words.split()
}
"""Digits the number word is written with when it stands alone."""
_ROUND: Final = frozenset((*_TENS.split(), *_HUNDREDS.split()))
"""A smaller number word after one of these belongs to the same number."""

PHONE_DIGITS: Final = 10
SIZE_DIGITS: Final = 7
"""205/55 R16."""
PLATE_DIGITS: Final = 4
"""AA 1234 BB."""


def is_half_said(text: str, expectation: Expectation = "nothing") -> bool:
    """Whether the caller has probably not finished."""
    words = [word.casefold().replace("’", "'").replace("ʼ", "'") for word in _WORD.findall(text)]
    if not words:
        return False
    if words[-1] in _CONNECTIVES or text.rstrip().endswith((",", "…", "-")):
        return True
    return _WANTS_MORE[expectation](words)


def count_digits(words: list[str]) -> int:
    """Digits in a list of lower-case words, spoken numbers included: двісті п'ять -> 3."""
    total, left = 0, 0
    for word in words:
        digits = len(word) if word.isdigit() else _DIGITS_OF.get(word, 0)
        if digits and digits < left:  # the «п'ять» of «двісті п'ять» fills a place already counted
            left = digits if word in _ROUND else 0
            continue
        total += digits
        left = digits if word in _ROUND else 0
    return total


def _ends_in_number(words: list[str]) -> bool:
    return words[-1].isdigit() or words[-1] in _DIGITS_OF


def _too_few(enough: int) -> Callable[[list[str]], bool]:
    return lambda words: 0 < count_digits(words) < enough


def _open_number(words: list[str]) -> bool:
    """A number at the end that is neither a whole size nor a telephone number: `205`, `205 55`."""
    return _ends_in_number(words) and count_digits(words) < SIZE_DIGITS


def _open_plate(words: list[str]) -> bool:
    """Letters, four digits, letters: more is to come until letters follow the digits."""
    spelling = len(words[-1]) <= 2 and not _ends_in_number(words)
    return _ends_in_number(words) or (spelling and count_digits(words) < PLATE_DIGITS)


_WANTS_MORE: Final[Mapping[Expectation, Callable[[list[str]], bool]]] = {
    "nothing": _open_number,
    "yes_no": _open_number,
    "digits": _too_few(PHONE_DIGITS),
    "size": _too_few(SIZE_DIGITS),
    "plate": _open_plate,
    "address": lambda words: not _ends_in_number(words),
    "name": lambda words: False,
    "quantity": lambda words: False,
}
