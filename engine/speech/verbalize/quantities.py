"""Numbers that count: prices, amounts with units, ranges, ordinals, decimals and plain integers."""

import re
from collections.abc import Iterable
from typing import Final

from engine.speech.verbalize.numerals import (
    LARGEST,
    Case,
    Ending,
    Gender,
    Noun,
    cardinal,
    combining,
    digit_groups,
    ordinal,
)
from engine.speech.verbalize.rule import Rule, full_stop, rule
from engine.speech.verbalize.vocabulary import (
    ACCUSATIVE_AFTER,
    CURRENCIES,
    FEMININE_STEMS,
    GENITIVE_AFTER,
    ORDINAL_SUFFIXES,
    PER,
    UNITS,
)

_ONE_AND_A_HALF: Final = {Gender.MASCULINE: "півтора", Gender.NEUTER: "півтора", Gender.FEMININE: "півтори"}
_FRACTIONS: Final = {1: "десят", 2: "сот", 3: "тисячн"}


def _case_after(word: str | None) -> Case:
    word = (word or "").strip().lower()
    if word in GENITIVE_AFTER:
        return Case.GENITIVE
    return Case.ACCUSATIVE if word in ACCUSATIVE_AFTER else Case.NOMINATIVE


def _whole(digits: str, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE) -> str:
    digits = digits.replace(" ", "")
    if len(digits) > 1 and digits[0] == "0":
        return digit_groups(digits)
    return cardinal(int(digits), gender, case) if len(digits) <= len(str(LARGEST)) else digit_groups(digits)


def _last_digits(digits: str) -> int:
    return int(digits.replace(" ", "")[-2:])


def _decimal(whole: str, fraction: str, case: Case) -> str:
    """2,05 -> "дві цілих п'ять сотих"."""
    places = _FRACTIONS.get(len(fraction))
    if places is None:
        return f"{_whole(whole)} кома {digit_groups(fraction)}"
    of_one = "ої" if case is Case.GENITIVE else "а"
    is_single = int(fraction) % 10 == 1 and int(fraction) % 100 != 11
    part = cardinal(int(fraction), Gender.FEMININE, case)
    units = "ціла" if _last_digits(whole) % 10 == 1 and _last_digits(whole) != 11 else "цілих"
    if case is Case.GENITIVE:
        units = "цілої" if units == "ціла" else units
    return f"{_whole(whole, Gender.FEMININE, case)} {units} {part} {places}{of_one if is_single else 'их'}"


def _amount(whole: str, fraction: str | None, noun: Noun, case: Case) -> str:
    """A number and what it counts."""
    if not fraction or not fraction.strip("0"):
        return f"{_whole(whole, noun.gender, case)} {noun.counted(_last_digits(whole), case)}"
    if fraction == "5" and case is not Case.GENITIVE:
        if whole == "0":
            return f"пів {noun.of_one}"
        if whole == "1":
            return f"{_ONE_AND_A_HALF[noun.gender]} {noun.of_one}"
        return f"{_whole(whole, noun.gender, case)} з половиною {noun.counted(_last_digits(whole), case)}"
    return f"{_decimal(whole, fraction, case)} {noun.of_one}"


def _price(match: re.Match[str]) -> str:
    money, change = CURRENCIES[match["currency"].lower()]
    case = _case_after(match["before"])
    whole, fraction = match["whole"], match["fraction"]
    if fraction and len(fraction) == 3:  # "12,400 грн": the comma parts thousands
        whole, fraction = whole + fraction, None
    spoken = f"{match['before'] or ''}{_amount(whole, None, money, case)}"
    cents = int((fraction or "0").ljust(2, "0")[:2])
    if cents:
        spoken += f" {cardinal(cents, change.gender, case)} {change.counted(cents, case)}"
    if match["per"]:
        spoken += f" за {PER[match['per'].lower()]}"
    return spoken + full_stop(match, match["dot"])


def _quantity(match: re.Match[str]) -> str:
    noun = _UNITS_CLOSED_UP[_close_up(match["unit"])]
    spoken = _amount(match["whole"], match["fraction"], noun, _case_after(match["before"]))
    return f"{match['before'] or ''}{spoken}{full_stop(match, match['dot'])}"


def _range(match: re.Match[str]) -> str:
    """Two ends of an interval, both in the genitive; the second and its unit are other rules'."""
    start, end = match["start"], match["end"]
    if _value(start) >= _value(end):
        return f"{match['before'] or ''}{start}, {end}"
    whole, _, fraction = start.replace(",", ".").partition(".")
    gender, case = _gender(match["next"]), Case.GENITIVE
    return f"від {_decimal(whole, fraction, case) if fraction else _whole(whole, gender, case)} до {end}"


def _value(number: str) -> float:
    return float(number.replace(" ", "").replace(",", "."))


def _ordinal(match: re.Match[str]) -> str:
    number, suffix = int(match["whole"]), match["suffix"].lower()
    ending = ORDINAL_SUFFIXES.get(suffix)
    if ending is not None:
        return ordinal(number, ending)
    return f"{combining(number)}{match['suffix']}" if len(suffix) > 3 else f"{cardinal(number)} {match['suffix']}"


def _radius(match: re.Match[str]) -> str:
    return ordinal(int(match["whole"]), Ending.OF_HIM if match["suffix"] else Ending.HE)


def _gender(noun: str | None) -> Gender:
    """A guess from the noun that follows, for "один" and "два"."""
    word = (noun or "").strip().lower()
    if word.startswith(FEMININE_STEMS):
        return Gender.FEMININE
    if word.endswith(("ння", "ття", "ло", "це", "во", "ко")):
        return Gender.NEUTER
    return Gender.MASCULINE


def _number(match: re.Match[str]) -> str:
    case, gender = _case_after(match["before"]), _gender(match["next"])
    whole, fraction = match["whole"], match["fraction"]
    if not fraction:
        spoken = _whole(whole, gender, case)
    elif fraction == "5" and whole == "1" and match["next"]:
        spoken = _ONE_AND_A_HALF[gender]
    elif fraction == "5" and whole != "0" and case is not Case.GENITIVE:
        spoken = f"{_whole(whole, gender, case)} з половиною"
    else:
        spoken = _decimal(whole, fraction, case)
    left = " " if match["before"] is None and match.string[: match.start()][-1:].isalnum() else ""
    right = " " if match["glued"] else ""
    return f"{left}{match['before'] or ''}{spoken}{right}"


def _alternatives(written: Iterable[str]) -> str:
    """Longest first, so that "км/год" is not read as "км"; dots and spaces inside may be left out."""
    longest_first = sorted(written, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\.", r"\.?").replace(r"\ ", r"\s?") for word in longest_first)


def _close_up(written: str) -> str:
    return re.sub(r"[.\s]", "", written.lower())


_UNITS_CLOSED_UP: Final = {_close_up(written): noun for written, noun in UNITS.items()}
_BEFORE: Final = rf"(?P<before>\b(?:{'|'.join(sorted(GENITIVE_AFTER | ACCUSATIVE_AFTER))})\s+)?"
_WHOLE: Final = r"(?:\d{1,3}(?:\ \d{3})+(?![\d/])|\d{1,12}(?!\d))"
_EITHER: Final = rf"{_WHOLE}(?:[.,]\d{{1,3}})?"
_NUMBER: Final = rf"(?<!\d)(?<!\d[.,])(?P<whole>{_WHOLE})(?:[.,](?P<fraction>\d+))?"
_PER: Final = rf"(?:\s?(?:/|за\s+1?\s?)\s?(?P<per>{_alternatives(PER)})(?!\w))?"

QUANTITIES: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\w)])[-–—−](?=\d)", lambda m: "мінус "),
    rule(r"(?<!\w)[~≈]\s?(?=\d)", lambda m: "приблизно "),
    rule(r"(?<!\w)\+(?=\d)", lambda m: "плюс "),
    rule(
        rf"(?P<before>\b(?:від|з|із)\s+)?(?<![\w.,-])(?P<start>{_EITHER})\s?[-–—]\s?(?P<end>{_EITHER})"
        r"(?![\w-]|[.,]\d)(?=(?:\s(?P<next>\w+))?)",
        _range,
    ),
    rule(rf"{_BEFORE}{_NUMBER}\s?(?P<currency>{_alternatives(CURRENCIES)})(?!\w)(?P<dot>\.?){_PER}", _price),
    rule(rf"{_BEFORE}(?P<currency>[$€₴])\s?{_NUMBER}(?P<dot>(?!))?{_PER}", _price),
    rule(rf"{_BEFORE}{_NUMBER}\s?(?P<unit>{_alternatives(UNITS)})(?!\w|')(?P<dot>\.?)", _quantity),
    rule(r"(?<![\w.,])(?P<whole>\d{1,4})-(?P<suffix>[а-яґєії']+)", _ordinal),
    rule(r"(?<![\w.,-])(?P<whole>1\d|2\d)(?=\sрадіус(?P<suffix>а|у|)(?!\w))", _radius),
    rule(rf"{_BEFORE}{_NUMBER}(?=\s(?P<next>[^\W\d_]+)|(?P<glued>[^\W_])?)", _number),
    rule(r"\d+", lambda m: f" {digit_groups(m[0])} "),
)
