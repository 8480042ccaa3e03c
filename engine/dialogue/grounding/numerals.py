"""Ukrainian and Russian number words, in every case a caller may use. Pure tables.

The opposite of `speech.verbalize.numerals`, and wider: the bot speaks one language well, callers mix two. Words are
folded first (`tokens.fold`): no apostrophes, so that «п'ять» and «пять» are one word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from engine.speech.verbalize.numerals import words


@dataclass(frozen=True, slots=True)
class Numeral:
    value: float
    is_ordinal: bool = False
    is_feminine: bool = False
    """An ordinal as hours have it: «о десятій»."""


_CARDINALS: Final = {
    0: "нуль нуля ноль ноля",
    1: "один одна одне одну одного одної однієї одній одному одним однією одно одной",
    2: "два дві двох двом двома две двух двум двумя",
    3: "три трьох трьом трьома трех трем тремя",
    4: "чотири чотирьох чотирьом чотирма четыре четырех четырем четырьмя",
    5: "пять пяти пятьох пятьом пятьма пятью",
    6: "шість шести шістьох шістьом шістьма шістю шесть шестью",
    7: "сім семи сімох сімом сімома семь семью",
    8: "вісім восьми вісьмох вісьмом вісьма восемь восьмью",
    9: "девять девяти девятьох девятьом девятьма девятью",
    10: "десять десяти десятьох десятьом десятьма десятью",
    40: "сорок сорока",
    50: "пятдесят пятдесяти пятдесятьох пятьдесят пятидесяти",
    60: "шістдесят шістдесяти шістдесятьох шестьдесят шестидесяти",
    70: "сімдесят сімдесяти сімдесятьох семьдесят семидесяти",
    80: "вісімдесят вісімдесяти вісімдесятьох восемьдесят восьмидесяти",
    90: "девяносто девяноста",
    100: "сто ста",
    200: "двісті двохсот двомстам двести двухсот",
    300: "триста трьохсот трьомстам трехсот",
    400: "чотириста чотирьохсот четыреста четырехсот",
    500: "пятсот пятисот пятьсот",
    600: "шістсот шестисот шестьсот",
    700: "сімсот семисот семьсот",
    800: "вісімсот восьмисот восемьсот",
    900: "девятсот девятисот девятьсот",
    1000: "тисяча тисячі тисяч тисячу тисячею тисячам тисячах тис тысяча тысячи тысяч тысячу тысячей тыс",
    1.5: "півтора півтори полтора полторы",
}
_NADTSIAT: Final = {
    11: "одинадцят одиннадцат", 12: "дванадцят двенадцат", 13: "тринадцят тринадцат", 14: "чотирнадцят четырнадцат",
    15: "пятнадцят пятнадцат", 16: "шістнадцят шестнадцат", 17: "сімнадцят семнадцат", 18: "вісімнадцят восемнадцат",
    19: "девятнадцят девятнадцат", 20: "двадцят двадцат", 30: "тридцят тридцат",
}  # fmt: skip
_NADTSIAT_ENDINGS: Final = ("ь", "и", "ьох", "ьом", "ьома", "ью")
_ORDINALS: Final = _NADTSIAT | {
    0: "нульов", 1: "перш перв", 2: "друг втор", 3: "трет", 4: "четверт", 5: "пят", 6: "шост шест", 7: "сьом седьм",
    8: "восьм", 9: "девят", 10: "десят", 40: "сороков", 50: "пятдесят пятидесят", 60: "шістдесят шестидесят",
    70: "сімдесят семидесят", 80: "вісімдесят восьмидесят", 90: "девяност", 100: "сот", 200: "двохсот двухсот",
    500: "пятисот", 1000: "тисячн тысячн", 2000: "двотисячн двухтысячн",
}  # fmt: skip
FEMININE_ENDINGS: Final = frozenset(words("а я ая ья ої ьої ій ьій ой ей ьей у ю ую ью ою ьою"))
_OTHER_ENDINGS: Final = frozenset(
    words("ий ый ого ього его ьего ому ьому ему ьему им ім ым ом ем е є ое ье і ї ие ые ьи их іх ых ими ыми")
)


def _forms() -> Iterator[tuple[str, Numeral]]:
    """Cardinals last: where a word is both, it counts."""
    for value, stems in _ORDINALS.items():
        for stem in stems.split():
            for ending in chain(FEMININE_ENDINGS, _OTHER_ENDINGS):
                yield stem + ending, Numeral(value, is_ordinal=True, is_feminine=ending in FEMININE_ENDINGS)
    for value, stems in _NADTSIAT.items():
        for stem in stems.split():
            yield from ((stem + ending, Numeral(value)) for ending in _NADTSIAT_ENDINGS)
    for number, spelt in _CARDINALS.items():
        yield from ((word, Numeral(number)) for word in spelt.split())


NUMERALS: Final = dict(_forms())
THOUSAND: Final = 1000


def joins(value: float, last: float) -> bool:
    """Whether a word of `value` goes on the number whose last word was `last`: «двісті» «п'ять», not «п'ять» «п'ять».
    0 stands alone."""
    if value == 0 or last == 0:
        return False
    if last == THOUSAND:
        return value < THOUSAND
    if last >= 100:
        return value < 100
    return last >= 20 and last % 10 == 0 and value < 10
