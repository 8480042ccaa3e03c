"""Dates, weekdays and terms in a sentence. Times of day are in `hours`."""

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
_WEEKDAYS: Final = {
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
_NEAR: Final = {
    "завтра": 1, "післязавтра": 2, "позавтра": 2, "послезавтра": 2, "вчора": -1, "учора": -1, "вчера": -1,
}  # fmt: skip
_NEXT: Final = frozenset(words("наступного наступний следующий следующего"))
_YEAR: Final = frozenset(words("рік року році роком р год года году"))
_WORKING: Final = ("робоч", "рабоч", "календар", "банк", "повн", "цілих", "полн")
_RANGE: Final = frozenset(("-", "–", "—", "до", "по", "чи", "або", "или"))

_TERMS: Final = {
    form: (unit, factor)
    for forms, unit, factor in (
        ("хвилина хвилини хвилин хвилину хвилинах хв минута минуты минут минуту", "minutes", 1),
        ("година години годин годину годинах часа часов час", "minutes", 60),
        ("день дня дні днів дню днем дней дни доба доби діб добу сутки суток", "days", 1),
        ("тиждень тижня тижні тижнів тижнем неделя недели недель неделю", "days", 7),
        ("місяць місяця місяці місяців месяц месяца месяцы месяцев міс", "months", 1),
        ("рік року роки років роком роках год года годы лет", "months", 12),
    )
    for form in forms.split()
}
_MOMENT: Final = 10
"""«Зачекайте п'ять хвилин» promises nothing: minutes from here on."""
_DAY: Final = 24 * 60
_YEARS: Final = range(1950, 2100)
_LONGEST_TERM: Final = 100


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


def near_day(page: Page, at: int) -> Found:
    """«Завтра»; proposing a day in a question claims nothing."""
    distance = _NEAR.get(page.word(at))
    if distance is None:
        return None
    day = page.today + timedelta(days=distance)
    return () if page.is_question else (Claim(Kind.DATE, ((day.month, day.day),)),), at + 1


def next_day(page: Page, at: int) -> Found:
    """«Наступного робочого дня»: tomorrow, or when the shop next works."""
    end = at + 1 + page.word(at + 1).startswith(_WORKING)
    if page.word(at) not in _NEXT or page.word(end) not in ("дня", "день"):
        return None
    return (Claim(Kind.DATE, ("next",)),), end + 1


def weekday(page: Page, at: int) -> Found:
    """«У вівторок»; «з понеділка по п'ятницю» is five of them."""
    first = _WEEKDAYS.get(page.word(at))
    if first is None:
        return None
    middle = page.skip(at + 1, (".",))
    last = _WEEKDAYS.get(page.word(middle + 1)) if page.at(middle).text in _RANGE else None
    days = range(first, last + 1) if last is not None and first < last else (first,)
    end = at + 1 if last is None else middle + 2
    return () if page.is_question else tuple(Claim(Kind.DATE, (("weekday", day),)) for day in days), end


def year(page: Page, at: int) -> Found:
    if page.whole(at) not in _YEARS or page.word(at + 1) not in _YEAR:
        return None
    return (Claim(Kind.NUMBER, (page.whole(at),)),), at + 2


def term(page: Page, at: int) -> Found:
    """«14 днів», «два тижні», «від одного до трьох робочих днів»: the first of two has the unit of the second."""
    if not 0 <= page.at(at).value < _LONGEST_TERM or page.at(at).is_ordinal:
        return None
    second = at + 2 if page.at(at + 1).text in _RANGE and page.at(at + 2).sort is Sort.NUMBER else at
    unit_at = second + 1 + page.word(second + 1).startswith(_WORKING)
    if page.word(unit_at) not in _TERMS:
        return None
    unit, factor = _TERMS[page.word(unit_at)]
    values = (page.at(each).value * factor for each in dict.fromkeys((at, second)))
    return tuple(Claim(Kind.TERM, (_term(unit, value),)) for value in values if _promises(unit, value)), unit_at + 1


def _promises(unit: str, value: float) -> bool:
    return unit != "minutes" or value >= _MOMENT


def _term(unit: str, value: float) -> tuple[str, float]:
    return ("days", value / _DAY) if unit == "minutes" and not value % _DAY else (unit, value)


def _day_of(month: int, day: int) -> Claim:
    return Claim(Kind.DATE, ((month, day),))


def weekday_of(month: int, day: int, today: date) -> int | None:
    """Of the next such day, or of one not long past; None if the calendar has none."""
    for in_year in (today.year, today.year + 1):
        with suppress(ValueError):
            if (found := date(in_year, month, day)) >= today - timedelta(days=7):
                return found.weekday()
    return None
