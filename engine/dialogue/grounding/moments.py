"""Dates, weekdays and years in a sentence. Times of day are in `hours`, terms in `terms`."""

import re
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort
from engine.speech.verbalize.numerals import words

_MONTHS: Final = {
    form: month
    for month, forms in enumerate(
        (
            "січень січня січні січнем январь января январе",
            "лютий лютого лютому лютим февраль февраля феврале",
            "березень березня березні березнем март марта марте",
            "квітень квітня квітні квітнем апрель апреля апреле",
            "травень травня травні травнем май мая мае",
            "червень червня червні червнем июнь июня июне",
            "липень липня липні липнем июль июля июле",
            "серпень серпня серпні серпнем август августа августе",
            "вересень вересня вересні вереснем сентябрь сентября сентябре",
            "жовтень жовтня жовтні жовтнем октябрь октября октябре",
            "листопад листопада листопаді листопадом ноябрь ноября ноябре",
            "грудень грудня грудні груднем декабрь декабря декабре",
        ),
        start=1,
    )
    for form in forms.split()
}
WEEKDAYS: Final = {
    form: weekday
    for weekday, forms in enumerate(
        (
            "понеділок понеділка понеділку понеділком понеділках понедельник понедельника понедельнику пн",
            "вівторок вівторка вівторку вівторком вівторках вторник вторника вторнику вт",
            "середа середу середи середі середою среда среду среды среде ср",
            "четвер четверга четвергу четвергом четверг чт",
            "пятниця пятницю пятниці пятницею пятница пятницу пятницы пятнице пт",
            "субота суботу суботи суботі суботою суббота субботу субботы субботе сб",
            "неділя неділю неділі неділею воскресенье воскресенья воскресенью нд",
        )
    )
    for form in forms.split()
}
NEAR: Final = {
    "завтра": 1, "післязавтра": 2, "позавтра": 2, "послезавтра": 2, "вчора": -1, "учора": -1, "вчера": -1,
}  # fmt: skip
NEXT: Final = frozenset(words("наступного наступний следующий следующего"))
TODAY: Final = frozenset(words("сьогодні сегодня"))
_YEAR: Final = frozenset(words("рік року році роком р год года году"))
WORKING: Final = ("робоч", "рабоч", "календар", "банк", "повн", "цілих", "полн")
RANGE: Final = frozenset(("-", "–", "—", "до", "по", "чи", "або", "или"))

_NOT: Final = re.compile(r"\bне\b")
_BY_A_DAY: Final = frozenset(words("на до з від після по к от после"))
_AFTER_A_DAY: Final = frozenset(words("у в о об і й та або чи до по на з вранці зранку ввечері увечері вдень вам"))
"""What may follow a day of the month and is nothing that «третього» would be the third of."""
_YEARS: Final = range(1950, 2100)
_CENTURY: Final = 100
_LONGEST_MONTH: Final = 31


def written_date(page: Page, at: int) -> Found:
    month, day, year = (int(part) for part in page.at(at).parts)
    years = (Claim(Kind.NUMBER, (year,)),) if year else ()
    return (_day_of(month, day), *years), page.skip(at + 1, _YEAR)


def named_month(page: Page, at: int) -> Found:
    """«24 листопада», «двадцять четвертого листопада 2026 року»."""
    day, month = page.whole(at), _MONTHS.get(page.word(at + 1))
    if month is None or not 1 <= day <= 31:
        return None
    if (year := page.whole(at + 2)) in _YEARS:
        return (_day_of(month, day), Claim(Kind.NUMBER, (year,))), page.skip(at + 3, _YEAR)
    return (_day_of(month, day),), at + 2


def day_of_month(page: Page, at: int) -> Found:
    """«Двадцять сьомого», «на двадцять сьоме», «27-го числа»: of whatever month; the nearest is meant first."""
    token, after = page.at(at), page.at(at + 1)
    if not token.is_ordinal or token.is_feminine or not 1 <= page.whole(at) <= _LONGEST_MONTH:
        return None
    is_named = page.word(at + 1) in ("числа", "число")
    is_free = after.sort is Sort.MARK or after.text in _AFTER_A_DAY
    is_genitive = token.text.endswith("го") and (page.promises_a_day or page.word(at - 1) in _BY_A_DAY)
    is_neuter = token.text.endswith(("е", "є")) and page.word(at - 1) in _BY_A_DAY
    if not is_named and not (is_free and (is_genitive or is_neuter)):
        return None
    return (Claim(Kind.DATE, (("day", page.whole(at)), _nearest(page.whole(at), page.today))),), at + 1 + is_named


def near_day(page: Page, at: int) -> Found:
    """«Завтра»; proposing a day in a question claims nothing."""
    distance = NEAR.get(page.word(at))
    if distance is None:
        return None
    day = page.today + timedelta(days=distance)
    return () if page.is_question else (Claim(Kind.DATE, ((day.month, day.day),)),), at + 1


def this_day(page: Page, at: int) -> Found:
    """«Доставимо сьогодні» is promised; «сьогодні неділя» is not, nor «сьогодні не доставимо»."""
    if page.word(at) not in TODAY:
        return None
    promises = page.is_evidence or (page.promises_a_day and not page.is_question and not _NOT.search(page.text))
    return (Claim(Kind.DATE, ("today",)),) if promises else (), at + 1


def next_day(page: Page, at: int) -> Found:
    """«Наступного робочого дня»: tomorrow, or when the shop next works."""
    end = at + 1 + page.word(at + 1).startswith(WORKING)
    if page.word(at) not in NEXT or page.word(end) not in ("дня", "день"):
        return None
    return (Claim(Kind.DATE, ("next",)),), end + 1


def weekday(page: Page, at: int) -> Found:
    """«У вівторок»; «з понеділка по п'ятницю» is five of them."""
    first = WEEKDAYS.get(page.word(at))
    if first is None:
        return None
    middle = page.skip(at + 1, (".",))
    last = WEEKDAYS.get(page.word(middle + 1)) if page.at(middle).text in RANGE else None
    days = range(first, last + 1) if last is not None and first < last else (first,)
    end = at + 1 if last is None else middle + 2
    return () if page.is_question else tuple(Claim(Kind.DATE, (("weekday", day),)) for day in days), end


def year(page: Page, at: int) -> Found:
    """«2026 року», «двадцять четвертого року»."""
    number = page.whole(at)
    if page.at(at).is_ordinal and 0 < number < _CENTURY:
        number += page.today.year // _CENTURY * _CENTURY
    if number not in _YEARS or page.word(at + 1) not in _YEAR:
        return None
    return (Claim(Kind.NUMBER, (number,)),), at + 2


def _day_of(month: int, day: int) -> Claim:
    return Claim(Kind.DATE, ((month, day),))


def _nearest(day: int, today: date) -> tuple[int, int]:
    """Month and day of the next one."""
    ahead = (today + timedelta(days=days) for days in range(2 * _LONGEST_MONTH))
    return next((each.month, each.day) for each in ahead if each.day == day)


def next_weekday(weekday: int, today: date) -> tuple[int, int]:
    """Month and day of the next such day, if not today's."""
    ahead = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return ahead.month, ahead.day


def weekday_of(month: int, day: int, today: date) -> int | None:
    """Of the next such day, or of one not long past; None if the calendar has none."""
    for in_year in (today.year, today.year + 1):
        with suppress(ValueError):
            if (found := date(in_year, month, day)) >= today - timedelta(days=7):
                return found.weekday()
    return None
