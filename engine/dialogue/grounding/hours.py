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
_HOUR: Final = frozenset(words("година годині годину часов часа час"))
_MINUTES: Final = frozenset(words("хвилин хвилини хвилина минут минуты"))
_MORNING: Final = frozenset(words("ранку утра"))
_EVENING: Final = frozenset(words("вечора вечера"))
_AFTERNOON: Final = frozenset(("дня",))
_DAY_PART: Final = _MORNING | _EVENING | _AFTERNOON
_HALF: Final = ("пів", "половина", "половине", "половину")
_QUARTER: Final = ("чверть", "четверть", "чверті", "четверти")
_LACKING: Final = ("за", "без")
_NOON: Final = 12
_LAST_HOUR: Final = 24
_FIRST_SHOP_HOUR: Final = 7
"""«На десяту» is a time, «на другу» may be the second of anything."""
_AMBIGUOUS: Final = 8
"""Written times before this hour may be meant in the afternoon."""


def written_time(page: Page, at: int) -> Found:
    hour, minute = (int(part) for part in page.at(at).parts)
    is_ambiguous = hour < _AMBIGUOUS and len(page.at(at).text) < len("02:30")
    end = page.skip(at + 1, _HOUR)
    return _time(page, end, hour, minute, is_ambiguous=is_ambiguous)


def spoken_hour(page: Page, at: int) -> Found:
    """An hour by its preposition, its word or the part of the day."""
    hour, token, before, after = page.whole(at), page.at(at), page.word(at - 1), page.word(at + 1)
    if not 0 <= hour <= _LAST_HOUR:
        return None
    if before in _AT and not token.value % 1 and page.counts_nothing(at + 1):
        return _with_minutes(page, at, hour)
    if token.is_ordinal and after in _HOUR:
        return _with_minutes(page, at, hour)
    if after in _MORNING | _EVENING or (before in _NEAR and after in _HOUR and page.word(at + 2) in _DAY_PART):
        return _with_minutes(page, at, hour)
    is_alone = page.at(at + 1).sort is not Sort.WORD
    if token.is_feminine and hour >= _FIRST_SHOP_HOUR and before in _NEAR and is_alone:
        return _with_minutes(page, at, hour)
    return None


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
    if word in _HALF or word in _QUARTER:
        end = page.skip(at + 1, ("на", "по"))
        past = 30 if word in _HALF else 45 if before in _LACKING else 15
    elif before in _LACKING and 0 < minutes < 30:
        end, past = page.skip(at + 1, _MINUTES), 60 - minutes
    else:
        return None
    hour, is_hour = page.whole(end), page.at(end).is_ordinal or before == "без"
    if not 1 <= hour <= _NOON or not is_hour:
        return None
    return _time(page, end + 1, hour - 1, past, is_ambiguous=True)


def _with_minutes(page: Page, at: int, hour: int) -> Found:
    """«О чотирнадцятій тридцять», «о першій нуль п'ять». In digits minutes have a colon: «о 10 30 шин» has none."""
    end = page.skip(at + 1, _HOUR)
    minute_at = end + (page.whole(end) == 0)
    minute, in_words = page.whole(minute_at), page.at(at).in_words or page.at(at).is_ordinal
    if in_words and 0 < minute < 60 and not page.at(minute_at).is_ordinal and page.counts_nothing(minute_at + 1):
        return _time(page, page.skip(minute_at + 1, _MINUTES), hour, minute, is_ambiguous=True)
    return _time(page, end, hour, 0, is_ambiguous=True)


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
