"""A sentence as what it is made of: words, numbers, written dates, times, sizes, codes.

Before: text of the model, the caller, the store or an article. After: `joining` and
`reading`, which tells what the numbers mean.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from engine.dialogue.grounding.numerals import FEMININE_ENDINGS


class Sort(Enum):
    WORD = auto()
    NUMBER = auto()
    DATE = auto()
    """`parts`: month, day, year or 0."""
    TIME = auto()
    """`parts`: hour, minute."""
    SIZE = auto()
    """`parts`: width, profile, rim; 0 where not said."""
    PHONE = auto()
    CODE = auto()
    NAME = auto()
    """Letters and digits in one: RAV4, 91V."""
    MARK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    sort: Sort
    text: str
    """Folded, lower case."""
    value: float = 0
    digits: str = ""
    is_ordinal: bool = False
    is_feminine: bool = False
    is_capital: bool = False
    in_words: bool = False
    parts: tuple[float, ...] = ()


_FOLD: Final = (
    ("'", ""), ("’", ""), ("ʼ", ""), ("`", ""), ("ё", "е"), ("Ё", "Е"), ("\u00a0", " "), ("\u202f", " "),
    ("\u2009", " "),
)  # fmt: skip
_UNITS: Final = r"грн|грив|коп|км|м|кг|л|бар|атм|%|°|шт|мм|см|₴|тис"
_LONG: Final = r"хв|мин|дн|ден|тиж|рок|раз|шин|кол|комплект|відс|проц"
_TOKEN: Final = re.compile(
    rf"""
    (?P<word>[^\W\d_]{{2,}}+(?![\d_]|-\d))
    |(?P<iso>(?<![\w.-])\d{{4}}-\d\d-\d\d(?:T(?=\d))?(?!\d))
    |(?P<clock>(?:(?<=\bо\s)|(?<=\bоб\s)|(?<=\b[ву]\s))(?:[01]?\d|2[0-4])[.-][0-5]\d
        (?![\w/%:]|[.,-]\d|\s?(?:{_UNITS}|{_LONG}))
        |(?:(?<=\bз\s)|(?<=\bвід\s)|(?<=\bдо\s))(?:0?[7-9]|1\d|2[0-3])\.(?:00|1[3-9]|[2-5]\d)
        (?![\w/%:]|[.,-]\d|\s?(?:{_UNITS})))
    |(?P<dmy>(?<![\w.,/-])\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d\d)(?![\w/]|[.,]\d))
    |(?P<dm>(?<![\w.,/-])(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])(?![\w/%:]|[.,-]\d|\s?(?:{_UNITS})))
    |(?P<time>(?<![\d.,:])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?!\d))
    |(?P<size>(?<![\w/])[1-3]\d\d\s?/\s?\d\d(?:\s?/?\s?z?[rр]\s?-?\s?\d\d(?:[.,]\d)?)?[cс]?(?![\w/]))
    |(?P<rim>(?<!\w)(?:z?r\s?-?|р)\d\d(?:[.,]\d)?[cс]?(?!\w))
    |(?P<phone>(?<![\w+])(?:\+?38[\s(-]*)?0\d\d[\s)-]*\d{{3}}[\s-]*\d\d[\s-]*\d\d(?!\d)
        |(?<!\w)0[\s-]?[89]00[\s-]?\d{{3}}[\s-]?\d{{3}}(?!\d))
    |(?P<code>(?<!\w)[^\W\d_]{{1,4}}-\d{{2,}}(?:-\d+)*(?!\w))
    |(?P<nth>(?<!\w)\d{{1,4}}-(?:ої|ій|го|го|ого|ому|му|ша|га|тя|та|ту|ша|шу|гу|тю|ма|ти|те|й|а|у|е|я|ї|ю)(?!\w))
    |(?P<name>[^\W\d_]+\d\w*|\d+[a-z]\w*)
    |(?P<number>\d{{1,3}}(?:\ \d{{3}}){{1,4}}(?![\d/])(?:[.,]\d{{1,2}}(?!\d))?|\d{{1,15}}(?:[.,]\d{{1,9}})?)
    |(?P<letter>[^\W\d_]+)
    |(?P<mark>[^\s\w])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"\d+(?:[.,]\d)?")
_BETWEEN: Final = re.compile(r"[:.-]")
_CENTURY: Final = 100


def fold(text: str) -> str:
    """One spelling of what sounds alike: no apostrophes, no ё, plain spaces."""
    for of, to in _FOLD:  # ten times as fast as `translate`, which is slow beyond Latin
        text = text.replace(of, to)
    return text


def scan(folded: str) -> Iterator[Token]:
    """In order; number words are still words (`joining`)."""
    for match in _TOKEN.finditer(folded):
        assert match.lastgroup is not None
        yield _MAKE[match.lastgroup](match[0])


def _parts(text: str) -> list[float]:
    return [plain(float(each.replace(",", "."))) for each in _NUMBERS.findall(text)]


def plain(value: float) -> float:
    """Whole numbers as integers."""
    return int(value) if value == int(value) else value


def _iso(text: str) -> Token:
    year, month, day = (int(each) for each in text.rstrip("T").rstrip("t").split("-"))
    return Token(Sort.DATE, text, parts=(month, day, year))


def _day(text: str) -> Token:
    day, month, *rest = (int(each) for each in re.split(r"[./]", text))
    year = rest[0] if rest else 0
    return Token(Sort.DATE, text, parts=(month, day, year + 2000 if 0 < year < _CENTURY else year))


def _time(text: str) -> Token:
    hour, minute, *_ = (int(each) for each in _BETWEEN.split(text))
    return Token(Sort.TIME, text, parts=(hour, minute))


def _size(text: str) -> Token:
    width, profile, *rim = _parts(text)
    return Token(Sort.SIZE, text, parts=(width, profile, rim[0] if rim else 0))


def _coded(sort: Sort) -> Callable[[str], Token]:
    return lambda text: Token(sort, text.lower(), digits=re.sub(r"\D", "", text), is_capital=text[0].isupper())


def _nth(text: str) -> Token:
    digits, ending = text.lower().split("-")
    is_feminine = ending in FEMININE_ENDINGS or ending.endswith(("а", "я", "у", "ю"))
    return Token(Sort.NUMBER, text, int(digits), digits, is_ordinal=True, is_feminine=is_feminine)


def _number(text: str) -> Token:
    closed = text.replace(" ", "").replace(",", ".")
    whole, _, fraction = closed.partition(".")
    value = float(whole + fraction) if len(fraction) == 3 else float(closed)  # "12,400": thousands
    return Token(Sort.NUMBER, text, plain(value), whole if not fraction else "")


@lru_cache(maxsize=8192)
def _word(text: str) -> Token:
    """The same few thousand words over and over."""
    return Token(Sort.WORD, text.lower(), is_capital=text[0].isupper())


_MAKE: Final[Mapping[str, Callable[[str], Token]]] = {
    "iso": _iso,
    "dmy": _day,
    "dm": _day,
    "clock": _time,
    "time": _time,
    "size": _size,
    "rim": lambda text: Token(Sort.SIZE, text, parts=(0, 0, _parts(text)[0])),
    "phone": _coded(Sort.PHONE),
    "code": _coded(Sort.CODE),
    "nth": _nth,
    "name": _coded(Sort.NAME),
    "number": _number,
    "word": _word,
    "letter": _word,
    "mark": lambda text: Token(Sort.MARK, text),
}
