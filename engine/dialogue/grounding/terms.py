"""How long something takes or holds: «14 днів», «протягом місяця», «гарантія рік»."""

import re
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.moments import RANGE, WORKING
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort
from engine.speech.verbalize.numerals import words

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
ONE: Final = frozenset(
    words(
        "годину години день дня добу доби тиждень тижня неделю недели місяць місяця месяц месяца рік року год года час"
    )
)
"""What stands alone for one of it. «Час» is the hour in Russian, where a caller says it, and any time in Ukrainian."""
_WITHIN: Final = frozenset(words("протягом упродовж впродовж течение за через"))
_OFTEN: Final = frozenset(words("раз рази разів двічі тричі один"))
"""«Раз за рік», «раз через рік»."""
_WHICH: Final = frozenset(
    words("цей той цього того кожен кожний кожного щороку минулий минулого наступний наступного будьякий весь")
)
_GUARANTEE: Final = re.compile(r"гаранті")
_PROMISED: Final = re.compile(r"достав|привез|завез|поверн|відправ|передзвон|зателефон|надішл|обмін")
_ARRIVES: Final = re.compile(r"достав|постав|очіку|чека|надійд|приїд|привез|завез|прибу|зявл|буд(?:е|уть)\b")
HALVES: Final = {
    "півроку": ("months", 6),
    "полгода": ("months", 6),
    "півгодини": ("minutes", 30),
    "полчаса": ("minutes", 30),
}
_MOMENT: Final = 10
"""«Зачекайте п'ять хвилин» promises nothing: minutes from here on."""
_DAY: Final = 24 * 60
_LONGEST: Final = 100


def term(page: Page, at: int) -> Found:
    """«14 днів», «два тижні», «від одного до трьох робочих днів»: the first of two has the unit of the second."""
    if not 0 <= page.at(at).value < _LONGEST or page.at(at).is_ordinal:
        return None
    second = at + 2 if page.at(at + 1).text in RANGE and page.at(at + 2).sort is Sort.NUMBER else at
    unit_at = second + 1 + page.word(second + 1).startswith(WORKING)
    if page.word(unit_at) not in _TERMS:
        return None
    unit, factor = _TERMS[page.word(unit_at)]
    values = [page.at(each).value * factor for each in dict.fromkeys((at, second))]
    is_until = page.word(at - 1) in ("за", "через") and _ARRIVES.search(page.text) is not None
    claims = (_claim(unit, value, is_until=is_until) for value in values if _promises(unit, value))
    return tuple(claims), unit_at + 1


def one(page: Page, at: int) -> Found:
    """«Протягом місяця», «за тиждень», «гарантія рік»."""
    word, before, is_numbered = page.word(at), page.word(at - 1), page.at(at - 1).sort is Sort.NUMBER
    if word == "час":
        return ((_claim("minutes", 60),), at + 1) if page.is_evidence and before == "через" else None
    if word not in ONE or is_numbered or before in _WHICH or page.word(at + 1) in ("до", "від"):
        return None
    is_within = before in _WITHIN and page.word(at - 2) not in _OFTEN
    if word == "дня" and not _PROMISED.search(page.text):
        is_within = False
    if not is_within and not _GUARANTEE.search(page.text):
        return None
    unit, factor = _TERMS[word]
    is_until = before in ("за", "через") and _ARRIVES.search(page.text) is not None
    return (_claim(unit, factor, is_until=is_until),), at + 1


def half(page: Page, at: int) -> Found:
    """«Пів року», «півроку»."""
    if page.word(at) in HALVES:
        return (_claim(*HALVES[page.word(at)]),), at + 1
    if page.word(at) != "пів" or page.word(at + 1) not in ONE:
        return None
    unit, factor = _TERMS[page.word(at + 1)]
    return (_claim(unit, factor / 2),), at + 2


def _promises(unit: str, value: float) -> bool:
    return unit != "minutes" or value >= _MOMENT


def _claim(unit: str, value: float, *, is_until: bool = False) -> Claim:
    """`is_until`: a day named in the data may be meant, that many days ahead."""
    if unit == "minutes" and not value % _DAY:
        unit, value = "days", value / _DAY
    ahead = (("ahead", value),) if is_until and unit == "days" else ()
    return Claim(Kind.TERM, ((unit, value), *ahead))
