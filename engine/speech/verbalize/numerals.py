"""Ukrainian numerals: cardinals and ordinals in the cases speech needs, and nouns counted by them. Pure tables."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

LARGEST: Final = 10**12 - 1
"""Cardinals end here; what is longer is a code and is read in groups."""
_LARGEST_ORDINAL: Final = 9_999


def words(sentence: str) -> tuple[str, ...]:
    """A table of words, written as a sentence: easier to read than forty quoted strings."""
    return tuple(sentence.split())


class Gender(Enum):
    MASCULINE = auto()
    FEMININE = auto()
    NEUTER = auto()


class Case(Enum):
    NOMINATIVE = auto()
    GENITIVE = auto()
    ACCUSATIVE = auto()


class Ending(Enum):
    """Endings of ordinals: after a hard stem, after the soft one of "третій"."""

    HE = ("ий", "ій")
    OF_HIM = ("ого", "ього")
    IN_HIM = ("ому", "ьому")
    SHE = ("а", "я")
    OF_HER = ("ої", "ьої")
    IN_HER = ("ій", "ій")
    HER = ("у", "ю")
    IT = ("е", "є")
    THEY = ("і", "і")
    OF_THEM = ("их", "іх")


@dataclass(frozen=True, slots=True)
class Noun:
    """What is counted: 1 гривня, 2 гривні, 5 гривень; (без) однієї гривні, (за) одну гривню."""

    one: str
    few: str
    many: str
    of_one: str
    gender: Gender = Gender.MASCULINE
    accusative: str = ""
    """If other than `one`."""

    def counted(self, number: int, case: Case = Case.NOMINATIVE) -> str:
        """The form that follows `number` in `case`."""
        last, is_teen = number % 10, number % 100 // 10 == 1
        if last == 1 and not is_teen:
            forms = {Case.GENITIVE: self.of_one, Case.ACCUSATIVE: self.accusative or self.one}
            return forms.get(case, self.one)
        if 2 <= last <= 4 and not is_teen and case is not Case.GENITIVE:
            return self.few
        return self.many


_BELOW_TWENTY: Final = words(
    "нуль один два три чотири п'ять шість сім вісім дев'ять десять одинадцять дванадцять тринадцять чотирнадцять "
    "п'ятнадцять шістнадцять сімнадцять вісімнадцять дев'ятнадцять"
)
_BELOW_TWENTY_OF: Final = words(
    "нуля одного двох трьох чотирьох п'яти шести семи восьми дев'яти десяти одинадцяти дванадцяти тринадцяти "
    "чотирнадцяти п'ятнадцяти шістнадцяти сімнадцяти вісімнадцяти дев'ятнадцяти"
)
_TENS: Final = words("_ _ двадцять тридцять сорок п'ятдесят шістдесят сімдесят вісімдесят дев'яносто")
_TENS_OF: Final = words("_ _ двадцяти тридцяти сорока п'ятдесяти шістдесяти сімдесяти вісімдесяти дев'яноста")
_HUNDREDS: Final = words("_ сто двісті триста чотириста п'ятсот шістсот сімсот вісімсот дев'ятсот")
_HUNDREDS_OF: Final = words("_ ста двохсот трьохсот чотирьохсот п'ятисот шестисот семисот восьмисот дев'ятисот")
_BY_GENDER: Final = {
    (1, Gender.FEMININE, Case.NOMINATIVE): "одна",
    (1, Gender.FEMININE, Case.GENITIVE): "однієї",
    (1, Gender.FEMININE, Case.ACCUSATIVE): "одну",
    (1, Gender.NEUTER, Case.NOMINATIVE): "одне",
    (1, Gender.NEUTER, Case.ACCUSATIVE): "одне",
    (2, Gender.FEMININE, Case.NOMINATIVE): "дві",
    (2, Gender.FEMININE, Case.ACCUSATIVE): "дві",
}
_SCALES: Final = (
    (10**9, Noun("мільярд", "мільярди", "мільярдів", "мільярда")),
    (10**6, Noun("мільйон", "мільйони", "мільйонів", "мільйона")),
    (10**3, Noun("тисяча", "тисячі", "тисяч", "тисячі", Gender.FEMININE, "тисячу")),
)
_ORDINAL_STEMS: Final = dict(
    zip(
        [*range(21), *range(30, 100, 10), *range(100, 1000, 100)],
        words(
            "нульов перш друг трет четверт п'ят шост сьом восьм дев'ят десят одинадцят дванадцят тринадцят чотирнадцят "
            "п'ятнадцят шістнадцят сімнадцят вісімнадцят дев'ятнадцят двадцят "
            "тридцят сороков п'ятдесят шістдесят сімдесят вісімдесят дев'яност "
            "сот двохсот трьохсот чотирьохсот п'ятисот шестисот семисот восьмисот дев'ятисот"
        ),
        strict=True,
    )
)
_SOFT: Final = "трет"
_COMBINING: Final = {1: "одно", 2: "дво", 3: "три", 4: "чотири", 90: "дев'яносто", 100: "сто", 1000: "тисячо"}


def cardinal(number: int, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE) -> str:
    """0 to `LARGEST` in words."""
    if number == 0:
        return _BELOW_TWENTY_OF[0] if case is Case.GENITIVE else _BELOW_TWENTY[0]
    spoken: list[str] = []
    for size, scale in _SCALES:
        count, number = divmod(number, size)
        if count > 1 or (count == 1 and size > 1000):  # "тисяча", but "один мільйон"
            spoken += _below_thousand(count, scale.gender, case)
        if count:
            spoken.append(scale.counted(count, case))
    return " ".join([*spoken, *_below_thousand(number, gender, case)])


def ordinal(number: int, ending: Ending) -> str:
    """The number as an ordinal: only its last word declines. Above 9,999 a cardinal."""
    if number > _LARGEST_ORDINAL:
        return cardinal(number)
    last = _last_word(number)
    stem = _ORDINAL_STEMS.get(last) or _thousandth(last)
    word = stem + ending.value[stem == _SOFT]
    return f"{cardinal(number - last)} {word}" if number > last else word


def combining(number: int) -> str:
    """As the first part of a compound: 16 -> "шістнадцяти" (шістнадцятидюймовий)."""
    return _COMBINING.get(number) or cardinal(number, case=Case.GENITIVE).replace(" ", "")


def digit_groups(digits: str) -> str:
    """A code as people say it: in twos and threes, zeros aloud. "1042" -> "десять сорок два"."""
    sizes = {4: (2, 2), 5: (2, 3), 7: (3, 2, 2)}.get(len(digits))
    if sizes is None:
        first = len(digits) % 3 or min(3, len(digits))
        sizes = (first, *[3] * ((len(digits) - first) // 3))
    groups, start = [], 0
    for size in sizes:
        groups.append(digit_group(digits[start : start + size]))
        start += size
    return " ".join(groups)


def digit_group(digits: str) -> str:
    """At most three digits, with their leading zeros."""
    significant = digits.lstrip("0")
    zeros = ["нуль"] * (len(digits) - len(significant))
    return " ".join([*zeros, *([cardinal(int(significant))] if significant else [])])


def _below_thousand(number: int, gender: Gender, case: Case) -> list[str]:
    """1 to 999; nothing for 0."""
    is_genitive = case is Case.GENITIVE
    hundreds, rest = divmod(number, 100)
    spoken = [(_HUNDREDS_OF if is_genitive else _HUNDREDS)[hundreds]] if hundreds else []
    if rest >= 20:
        spoken.append((_TENS_OF if is_genitive else _TENS)[rest // 10])
        rest %= 10
    if rest:
        spoken.append(
            _BY_GENDER.get((rest, gender, case)) or (_BELOW_TWENTY_OF if is_genitive else _BELOW_TWENTY)[rest]
        )
    return spoken


def _last_word(number: int) -> int:
    """The value of the word that an ordinal declines: 1225 -> 5, 1220 -> 20, 1200 -> 200, 1000 -> 1000."""
    below_hundred = number % 100
    if below_hundred > 20 and number % 10:
        return number % 10
    return below_hundred or number % 1000 or number


def _thousandth(number: int) -> str:
    count = number // 1000
    return ("" if count == 1 else combining(count)) + "тисячн"
