"""Dates, years, times of day, days of the week."""

import re
from typing import Final

from engine.speech.verbalize.numerals import Ending, Gender, cardinal, ordinal
from engine.speech.verbalize.rule import Rule, full_stop, rule
from engine.speech.verbalize.vocabulary import MONTHS_OF, WEEKDAYS, YEAR_WORDS

_MONTH: Final = "|".join(MONTHS_OF)
_WEEKDAY: Final = "|".join(WEEKDAYS)
_HOUR_ENDINGS: Final = {
    "о": Ending.IN_HER, "об": Ending.IN_HER, "з": Ending.OF_HER, "із": Ending.OF_HER, "від": Ending.OF_HER,
    "до": Ending.OF_HER, "після": Ending.OF_HER, "по": Ending.HER, "на": Ending.HER, "за": Ending.HER,
}  # fmt: skip
_CLOCK: Final = r"([01]?\d|2[0-4]):([0-5]\d)"

_ON: Final = r"(?P<before>\bна\s+)?"


def _date(match: re.Match[str], month: int) -> str | None:
    """A date as one says it: "двадцять другого", but "на двадцять друге". None if there is no such day."""
    day, year, before = int(match["day"]), match["year"], match["before"]
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    spoken = f"{ordinal(day, Ending.IT if before else Ending.OF_HIM)} {MONTHS_OF[month - 1]}"
    if year:
        full_year = int(year) + 2000 if len(year) == 2 else int(year)
        spoken += f" {ordinal(full_year, Ending.OF_HIM)} року"
    return f"{before or ''}{spoken}"


def _numeric_date(match: re.Match[str]) -> str:
    spoken = _date(match, int(match["month"]))
    return match[0] if spoken is None else spoken + full_stop(match, match["dot"])


def _iso_time(match: re.Match[str]) -> str:
    """The T of an ISO moment; the time after it is another rule's."""
    spoken = _date(match, int(match["month"]))
    return match[0] if spoken is None else f"{spoken} о {match['time']}"


def _named_month(match: re.Match[str]) -> str:
    spoken = _date(match, MONTHS_OF.index(match["month"].lower()) + 1)
    return match[0] if spoken is None else spoken + full_stop(match, match["dot"])


def _year(match: re.Match[str]) -> str:
    ending = YEAR_WORDS[match["word"].lower()]
    word = "року" if match["word"] == "р." else match["word"]
    return f"{ordinal(int(match['year']), ending)} {word}" + full_stop(match, "." if match["word"] == "р." else "")


def _clock(hour: str, minute: str, ending: Ending) -> str:
    """ "14:30" -> "чотирнадцята тридцять", the hour with `ending`."""
    spoken = ordinal(int(hour), ending)
    if minute == "00":
        return spoken
    zero = "нуль " if minute[0] == "0" else ""
    return f"{spoken} {zero}{cardinal(int(minute), Gender.FEMININE)}"


def _time(match: re.Match[str]) -> str:
    word, hour, minute = match["before"], match["hour"], match["minute"]
    if word is None:
        spoken = _clock(hour, minute, Ending.SHE) + (" година" if minute == "00" else "")
    else:
        spoken = f"{word} {_clock(hour, minute, _HOUR_ENDINGS[word.lower()])}"
    return spoken + full_stop(match, match["dot"])


def _time_range(match: re.Match[str]) -> str:
    start, end = _clock(match[1], match[2], Ending.OF_HER), _clock(match[3], match[4], Ending.OF_HER)
    return f"з {start} до {end}"


def _weekdays(match: re.Match[str]) -> str:
    return f"з {WEEKDAYS[match[1].lower()][0]} по {WEEKDAYS[match[2].lower()][1]}"


MOMENTS: Final[tuple[Rule, ...]] = (
    rule(
        _ON + r"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T\s]+(?P<time>\d\d:\d\d)"
        r"(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?(?![\w:])",
        _iso_time,
    ),
    rule(_ON + r"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?P<dot>)(?!\w|-\d)", _numeric_date),
    rule(
        _ON + r"(?<![\w.,/-])(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4}|\d\d)"
        r"(?:\s?(?:року|р(?P<dot>\.)))?(?![\w/]|[.,]\d)",
        _numeric_date,
    ),
    rule(
        _ON + r"(?<![\w.,/-])(?P<day>0[1-9]|[12]\d|3[01])\.(?P<month>0[1-9]|1[0-2])(?P<year>(?!))?(?P<dot>(?!))?"
        r"(?![\w/%:]|[.,-]\d|\s?(?:грн|км|м|кг|л|бар|атм|%|°|шт|мм|см|гривень|₴)(?!\w))",
        _numeric_date,
    ),
    rule(
        _ON + rf"(?<![\w.,/-])(?P<day>\d{{1,2}})\s+(?P<month>{_MONTH})(?!\w)"
        r"(?:\s+(?P<year>\d{4})(?:\s?(?:року|р(?P<dot>\.)))?(?!\w))?",
        _named_month,
    ),
    rule(r"(?<![\w.,/-])(?P<year>1\d{3}|20\d\d)\s*(?P<word>року|рік|році|р\.)(?!\w)", _year),
    rule(rf"(?<![\w.,:])(?:[зЗ]\s+)?{_CLOCK}\s?(?:[-–—]|до)\s?{_CLOCK}(?![\w:]|[.,]\d)", _time_range),
    rule(
        rf"(?:\b(?P<before>{'|'.join(_HOUR_ENDINGS)})\s+)?(?<![\w.,:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)"
        r"(?!\w|:\d|[.,]\d)(?:\s?год(?:ин[аиіу])?(?!\w)(?P<dot>\.?))?",
        _time,
    ),
)

WEEKDAY_RANGE: Final = rule(rf"(?<!\w)(?:з\s+)?({_WEEKDAY})\.?\s?[-–—]\s?({_WEEKDAY})(?!\w)", _weekdays)
"""Has no digit in its pattern: belongs among the abbreviations."""
