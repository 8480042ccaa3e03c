"""Numbers that are names: tyre sizes and indices, telephones, orders, houses."""

import re
from typing import Final

from engine.speech.verbalize.numerals import cardinal, digit_group, digit_groups
from engine.speech.verbalize.rule import rule
from engine.speech.verbalize.vocabulary import CYRILLIC_LETTERS, LATIN_LETTERS


def spell(letters: str) -> str:
    """Letter by letter, as Ukrainians name them."""
    return " ".join(LATIN_LETTERS.get(c) or CYRILLIC_LETTERS.get(c, c) for c in letters.upper())


def _phone(match: re.Match[str]) -> str:
    groups = ", ".join(digit_group(match[part]) for part in ("operator", "first", "second", "third"))
    country = "плюс тридцять вісім, " if match["country"] else ""
    return f"{country}{groups}"


def _hotline(match: re.Match[str]) -> str:
    return ", ".join(["нуль " + digit_group(match[1]), digit_group(match[2]), digit_group(match[3])])


def _foreign_phone(match: re.Match[str]) -> str:
    return "плюс " + digit_groups(re.sub(r"\D", "", match[0]))


def _decimal_or_whole(text: str) -> str:
    whole, _, fraction = text.replace(",", ".").partition(".")
    if fraction == "5":
        return f"{cardinal(int(whole))} з половиною"
    return cardinal(int(whole)) + (f" і {digit_group(fraction)}" if fraction else "")


def _size(match: re.Match[str]) -> str:
    parts = [cardinal(int(match["width"])), "на", cardinal(int(match["profile"]))]
    if match["rim"]:
        parts += [spell(match["kind"]), _decimal_or_whole(match["rim"])]
    parts += [spell(match["cargo"])] if match["cargo"] else []
    return " ".join(parts)


def _rim(match: re.Match[str]) -> str:
    cargo = " " + spell(match["cargo"]) if match["cargo"] else ""
    return f"{spell(match['kind'])} {_decimal_or_whole(match['rim'])}{cargo}"


def _index(match: re.Match[str]) -> str:
    loads = " на ".join(cardinal(int(load)) for load in match["load"].split("/"))
    return f"{loads} {spell(match['speed'])}"


def _by(match: re.Match[str]) -> str:
    return f"{_decimal_or_whole(match[1])} на {_decimal_or_whole(match[2])}"


def _order(match: re.Match[str]) -> str:
    return f"{match['word']} {_code(match['code'])}"


def _code(code: str) -> str:
    """Letters spelled, digits in groups: ORD-1042 -> "о ер де, десять сорок два"."""
    pieces = re.findall(r"\d+|[^\W\d_]+", code)
    return ", ".join(digit_groups(piece) if piece.isdigit() else spell(piece) for piece in pieces)


def _house(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['number']))} {spell(match['letter'])}"


def _fraction(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} дріб {cardinal(int(match[2]))}"


_NOT_INSIDE: Final = r"(?<![\w/])(?<!\d[.,])"

CODES: Final = (
    rule(
        r"""(?<![\w+])(?P<country>\+?38)?[\s(-]*(?P<operator>0\d\d)[\s)-]*
        (?P<first>\d{3})[\s-]*(?P<second>\d\d)[\s-]*(?P<third>\d\d)(?!\d)""",
        lambda m: (" " if m[0][:1].isspace() else "") + _phone(m),
    ),
    rule(r"(?<!\w)0[\s-]?([89]00)[\s-]?(\d{3})[\s-]?(\d{3})(?!\d)", _hotline),
    rule(r"(?<!\w)\+\d(?:[\s()-]{0,2}\d){7,14}(?!\d)", _foreign_phone),
    rule(
        _NOT_INSIDE
        + r"""(?P<width>[1-3]\d{2})\s?/\s?(?P<profile>\d\d)
        (?:\s?/?\s?(?P<kind>z?[rр])\s?-?\s?(?P<rim>\d\d(?:[.,]\d)?)(?P<cargo>[cс](?!\w))?)?(?![\d/])""",
        _size,
    ),
    rule(_NOT_INSIDE + r"(?P<kind>z?r|р(?=\d\d))\s?-?(?P<rim>\d\d?(?:[.,]\d)?)(?P<cargo>[cс](?!\w))?(?![\w/])", _rim),
    rule(_NOT_INSIDE + r"(?P<load>\d{2,3}(?:/\d{2,3})?)\s?(?P<speed>[A-Z])(?![\w'])", _index, ignore_case=False),
    rule(r"(?<![\w.,])(\d{1,4}(?:[.,]\d)?)\s?[xх×]\s?(\d{1,4}(?:[.,]\d{1,2})?)(?![\w])", _by),
    rule(
        r"(?P<word>№|\bномер(?:ом|а|і|у)?|\bзамовлення|\bзамовленням|\bкод(?:ом|у)?)\s+"
        r"(?P<code>(?:[a-zа-яґєії]{1,4}[-\s]?)?\d{3,}(?:-\d+)*)(?![\w/]|[.,]\d|\s?(?:грн|шт|%))",
        _order,
    ),
    rule(r"(?<!\w)[A-ZА-ЯҐЄІЇ]{1,5}-\d+(?:-\d+)*(?!\w)", lambda m: _code(m[0]), ignore_case=False),
    rule(r"(?<![\w.,])(?P<number>\d{1,4})-?(?P<letter>[А-ЯҐЄІЇ]|[абв])(?![\w'])", _house, ignore_case=False),
    rule(r"(?<![\w.,/])24/7(?![\w/])", lambda m: "цілодобово"),
    rule(r"(?<![\w.,/])(\d{1,4})/(\d{1,4})(?![\w/])", _fraction),
    rule(
        # "10 000": three digits after a digit and a space are thousands, whatever they begin with
        r"(?<![\w.,])(?!(?<=\d\s)0\d\d(?!\d))0\d+(?![\d.,:])|(?<!\d)\d{13,}(?!\d)",
        lambda m: digit_groups(m[0]),
    ),
)
