"""Times of day in a sentence: «14:30», «о пів на третю», «за чверть десята», «в три часа дня», «з 9 до 18»."""

from collections.abc import Iterable
from typing import Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort
from engine.speech.verbalize.numerals import words

_AT: Final = ("о", "об")
_NEAR: Final = frozenset(words("на до з із від після к в у по с после"))
_FROM: Final = ("з", "із", "від", "с")
_BY_THE_CLOCK: Final = frozenset(words("до від після з із після к в с после"))
"""«До 18 години», «в 18 часов»: an hour. «На 18 годин», «за 18 часов»: so long."""
_HOUR: Final = frozenset(words("година години годині годину годин часов часа час"))
_ONE_HOUR: Final = frozenset(words("година години годині"))
_HOURS_LONG: Final = frozenset(words("години годин часов часа"))
_SO_LONG: Final = (1, 21)
"""«21 година» is how long as well as when; «9 година» is when."""
_MINUTES: Final = frozenset(words("хвилин хвилини хвилина хв минут минуты"))
_MORNING: Final = frozenset(words("ранку утра ночі ночи"))
_EVENING: Final = frozenset(words("вечора вечера"))
_AFTERNOON: Final = frozenset(("дня",))
_DAY_PART: Final = _MORNING | _EVENING | _AFTERNOON
HALF: Final = ("пів", "половина", "половине", "половину")
QUARTER: Final = ("чверть", "четверть", "чверті", "четверти")
_LACKING: Final = ("за", "без")
_NOON: Final = 12
_LAST_HOUR: Final = 24
_FIRST_SHOP_HOUR: Final = 7
"""«На десяту» is a time, «на другу» may be the second of anything."""
_AMBIGUOUS: Final = 8
"""Written times before this hour may be meant in the afternoon."""
_UNTIL: Final = frozenset(words("до після від"))
_AFTER_AN_HOUR: Final = frozenset(
    words("у в і й та або чи щодня завтра сьогодні післязавтра до по без на вам вас включно зручно ще вже")
)
"""What may follow a time and is nothing that «третя» would be the third of."""


def written_time(page: Page, at: int) -> Found:
    hour, minute = (int(part) for part in page.at(at).parts)
    is_ambiguous = hour < _AMBIGUOUS and len(page.at(at).text) < len("02:30")
    end = page.skip(at + 1, _HOUR)
    return _time(page, end, hour, minute, is_ambiguous=is_ambiguous)


def spoken_hour(page: Page, at: int) -> Found:
    """An hour by its preposition, its word or the part of the day."""
    hour = page.whole(at)
    if 0 <= hour <= _LAST_HOUR and (_is_at(page, at) or _has_its_word(page, at) or _stands_alone(page, at, hour)):
        return _with_minutes(page, at, hour)
    return None


def _is_at(page: Page, at: int) -> bool:
    return page.word(at - 1) in _AT and _counts_nothing(page, at + 1)


def _has_its_word(page: Page, at: int) -> bool:
    """«П'ята година», «9 година», «до 18 години», «другу дня», «в три часа дня»."""
    token, before, after = page.at(at), page.word(at - 1), page.word(at + 1)
    if after in _MORNING | _EVENING or (after in _AFTERNOON and (token.is_feminine or before in ("в", "к"))):
        return True
    if after not in _HOUR:
        return False
    if token.is_ordinal or (before in _NEAR and page.word(at + 2) in _DAY_PART):
        return True
    if before in _BY_THE_CLOCK and after in _HOURS_LONG:
        return token.value >= _FIRST_SHOP_HOUR or after == "години" or before in ("в", "к")
    return not token.in_words and token.value not in _SO_LONG and after in _ONE_HOUR - _HOURS_LONG


def _stands_alone(page: Page, at: int, hour: int) -> bool:
    """«На десяту», «до п'ятої»; early ones where the talk is of hours; «працюємо до 20»."""
    token, before, after = page.at(at), page.word(at - 1), page.at(at + 1)
    if before not in _NEAR or (after.sort is Sort.WORD and after.text not in _AFTER_AN_HOUR) or after.text == "%":
        return False
    if token.is_feminine:
        return hour > 0 and (hour >= _FIRST_SHOP_HOUR or page.is_about_hours or before in _UNTIL)
    is_shop_hour = hour >= _FIRST_SHOP_HOUR and not token.is_ordinal and before in _UNTIL
    return is_shop_hour and page.is_open_until and after.text not in ("/", "-", "₴")


def hour_range(page: Page, at: int) -> Found:
    """«Працюємо з 9 до 18»."""
    first, last = page.whole(at), page.whole(at + 2)
    if page.word(at - 1) not in _FROM or page.word(at + 1) != "до" or not page.is_about_hours:
        return None
    if not (0 <= first <= _LAST_HOUR and 0 <= last <= _LAST_HOUR) or not page.counts_nothing(at + 3):
        return None
    return (_claim(_meant(first, 0)), _claim(_meant(last, 0))), page.skip(at + 3, _HOUR)


def part_of_hour(page: Page, at: int) -> Found:
    """«Пів на третю», «чверть на третю», «за чверть третя», «за п'ятнадцять хвилин третя»."""
    before, word, minutes = page.word(at - 1), page.word(at), page.whole(at)
    if word in HALF or word in QUARTER:
        end = page.skip(at + 1, ("на", "по"))
        past = 30 if word in HALF else 45 if before in _LACKING else 15
    elif before in _LACKING and 0 < minutes < 30:
        end, past = page.skip(at + 1, _MINUTES), 60 - minutes
    else:
        return None
    hour, is_hour = page.whole(end), page.at(end).is_ordinal or before == "без"
    if not 1 <= hour <= _NOON or not is_hour:
        return None
    return _time(page, end + 1, hour - 1, past, is_ambiguous=True)


def _with_minutes(page: Page, at: int, hour: int) -> Found:
    """«О чотирнадцятій тридцять», «о першій нуль п'ять», «о 14 годині 30 хвилин». In digits minutes have a colon or
    their word: «о 10 30 шин» has none."""
    end = page.skip(at + 1, _HOUR)
    minute_at = end + (page.whole(end) == 0)
    minute, token = page.whole(minute_at), page.at(at)
    is_spoken = (token.in_words or token.is_ordinal) and _counts_nothing(page, minute_at + 1)
    is_minute = is_spoken or page.word(minute_at + 1) in _MINUTES
    if is_minute and 0 < minute < 60 and not page.at(minute_at).is_ordinal:
        return _time(page, page.skip(minute_at + 1, _MINUTES), hour, minute, is_ambiguous=True)
    return _time(page, end, hour, 0, is_ambiguous=True)


def _counts_nothing(page: Page, at: int) -> bool:
    """«О третій дня» counts no days."""
    return page.word(at) in _DAY_PART or page.counts_nothing(at)


def _time(page: Page, end: int, hour: int, minute: int, *, is_ambiguous: bool) -> Found:
    part = page.word(end)
    if part in _DAY_PART:
        is_late = part not in _MORNING and hour < _NOON
        return (_claim([(hour + _NOON * is_late) * 60 + minute]),), end + 1
    return (_claim(_meant(hour, minute) if is_ambiguous else [hour * 60 + minute]),), end


def _meant(hour: int, minute: int) -> list[int]:
    """Both halves of the day, where the hour leaves it open."""
    hours = (hour, hour + _NOON) if hour <= _NOON else (hour,)
    return [each % _LAST_HOUR * 60 + minute for each in hours]


def _claim(minutes: Iterable[int]) -> Claim:
    return Claim(Kind.TIME, tuple(minutes))
