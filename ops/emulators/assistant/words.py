"""What a caller's words mean, in Ukrainian, Russian or a mix: numbers, sizes, places, days, names. Pure.

Everything here takes the words of one utterance and gives a value or None; `plain` prepares the text most of them read.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

from ops.seed.catalogue import mentions

SEASONS = {"winter": ("зимов", "зимн", "зиму"), "summer": ("літн", "летн", "літо", "лето"), "all_season": ("всесезон",)}
PAYMENTS = {
    "card_on_delivery": ("карт",),
    "online": ("онлайн", "online", "на сайті", "на сайте"),
    "cod": ("готівк", "налич", "накладен", "при отриманні", "при получении"),
}
SERVICES = {
    "balancing": ("балансув", "балансир"),
    "alignment": ("розвал", "развал", "сходжен", "схожден"),
    "tire_change": ("шиномонтаж", "перевз", "переоб", "перебут"),
}
CITIES = {
    "Київ": ("київ", "києв", "киев"),
    "Львів": ("львів", "львов"),
    "Одеса": ("одес",),
    "Дніпро": ("дніпр", "днепр"),
    "Харків": ("харків", "харков"),
    "Запоріжжя": ("запоріж", "запорож"),
    "Вінниця": ("вінниц", "винниц"),
    "Полтава": ("полтав",),
    "Чернівці": ("чернівц", "черновц"),
    "Івано-Франківськ": ("івано-франк", "ивано-франк"),
    "Тернопіль": ("тернопіл", "тернопол"),
    "Житомир": ("житомир",),
    "Ужгород": ("ужгород",),
    "Луцьк": ("луцьк", "луцк"),
    "Рівне": ("рівне", "рівного", "рівному", "ровно"),
    "Хмельницький": ("хмельниц",),
    "Черкаси": ("черкас",),
    "Миколаїв": ("миколаїв", "миколаєв", "николаев"),
    "Чернігів": ("черніг", "чернигов"),
    "Кропивницький": ("кропивниц",),
}
_NUMBERS = (
    (1, ("один", "одну", "одна", "одне", "одного")),
    (2, ("два", "дві", "две", "пару")),
    (3, ("три",)),
    (4, ("чотири", "четыре", "комплект", "четвірк", "четверк")),
    (5, ("п'ять", "пять")),
    (6, ("шість", "шесть")),
    (7, ("сім", "семь")),
    (8, ("вісім", "восемь")),
)
_HOURS = (
    (9, ("дев'ят", "девят")),
    (10, ("десят",)),
    (11, ("одинадцят", "одиннадцат")),
    (12, ("дванадцят", "двенадцат")),
    (13, ("тринадцят", "тринадцат")),
    (14, ("чотирнадцят", "четырнадцат")),
    (15, ("п'ятнадцят", "пятнадцат")),
    (16, ("шістнадцят", "шестнадцат")),
    (17, ("сімнадцят", "семнадцат")),
    (18, ("вісімнадцят", "восемнадцат")),
)
_WEEKDAYS: tuple[tuple[str, ...], ...] = (
    ("понеділ", "понедельн"),
    ("вівтор", "вторник"),
    ("середу", "середа", "среду", "среда"),
    ("четвер",),
    ("п'ятниц", "пятниц"),
    ("субот", "суббот"),
    ("неділ", "воскресен"),
)
_MONTHS: tuple[tuple[str, ...], ...] = (
    *(("січн", "январ"), ("лют", "феврал"), ("берез", "март"), ("квітн", "апрел"), ("травн", "мая"), ("червн", "июн")),
    *(("липн", "июл"), ("серпн", "август"), ("верес", "сентябр"), ("жовтн", "октябр"), ("листопад", "ноябр")),
    ("грудн", "декабр"),
)
_NEAR_DAYS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (2, ("післязавтра", "послезавтра")),
    (1, ("завтра",)),
    (0, ("сьогодні", "сегодня")),
)
_SIZE = re.compile(r"\b(\d{3})\s*(?:/|на|по)?\s*(\d{2})\s*(?:/|на|по)?\s*[rр]?\s*(\d{2})\b")
_STREET = re.compile(
    r"\b(вул\w*\.?|ул\w*\.?|просп\w*\.?|бульв\w*|площ\w*|пров\w*\.?|переул\w*|набережн\w*|шосе|шоссе|відділ\w*|отдел\w*)\s.+",
    re.IGNORECASE,
)
_STREET_NAMES = {"вул": "вулиця", "ул": "вулиця", "про": "проспект", "від": "відділення", "отд": "відділення"}
_AFTER_ADDRESS = re.compile(
    r"[,.;]?\s+(?:а\s+|і\s+|и\s+)?(?:мене звати|меня зовут|звати|моє ім|мое имя|на ім'я|"
    r"оплат|плат|дякую|спасибо|будь ласка|пожалуйста).*",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:мене звати|меня зовут|звати мене|зовут меня|моє ім'я|мое имя|на ім'я)\s+([^\W\d_][\w'-]+)", re.IGNORECASE
)


def plain(text: str) -> str:
    """Lower case, one kind of apostrophe, no ё, single spaces."""
    return re.sub(r"\s+", " ", text.lower().replace("’", "'").replace("ʼ", "'").replace("ё", "е")).strip()


def one_of(text: str, table: Mapping[str, tuple[str, ...]]) -> str | None:
    """The first key one of whose stems begins a word of the text."""
    return next((key for key, stems in table.items() if mentions(text, stems)), None)


def size(text: str) -> str | None:
    """ "215/55 R17" from "215 55 17", "215/55 r17", "215 на 55 р17"."""
    for width, profile, diameter in _SIZE.findall(plain(text)):
        if 135 <= int(width) <= 335 and 25 <= int(profile) <= 85 and 12 <= int(diameter) <= 24:
            return f"{width}/{profile} R{diameter}"
    return None


def year(text: str) -> int | None:
    match = re.search(r"\b(19[89]\d|20[0-3]\d)\b", text)
    return None if match is None else int(match[1])


def diameter(text: str) -> int | None:
    match = re.search(r"(?:\b|[rр])(1[3-9]|2[0-2])\b", plain(text))
    return None if match is None else int(match[1])


def quantity(text: str) -> int | None:
    """Pieces wanted: a bare number or a number word; sizes and years are not counted."""
    bare = re.sub(r"\b(?:19|20)\d\d\b", " ", _SIZE.sub(" ", plain(text)))
    match = re.search(r"\b(\d{1,2}|\d{1,3}(?: ?\d{3})+)\b", bare)
    if match is not None:
        return int(match[1].replace(" ", ""))
    return next((number for number, words in _NUMBERS if mentions(bare, words)), None)


def city(text: str) -> str | None:
    """The city named first."""
    found = [(match.start(), name) for name, stems in CITIES.items() if (match := _city_word(text, stems))]
    return min(found)[1] if found else None


def address(text: str) -> str | None:
    """Street and house, or a post office; failing that what follows the city, if it has a number."""
    text = _AFTER_ADDRESS.sub("", text.replace("’", "'"))
    match = _STREET.search(text)
    if match is not None:
        kind, rest = match[1], match[0][len(match[1]) :]
        name = next((full for stem, full in _STREET_NAMES.items() if kind.lower().startswith(stem)), kind.lower())
        return f"{'провулок' if kind.lower().startswith(('пров', 'переул')) else name}{rest}".strip(" ,.!")
    for stems in CITIES.values():
        word = _city_word(text, stems)
        if word is not None and re.search(r"\d", text[word.end() :]):
            return text[word.end() :].strip(" ,.!") or None
    return None


def name(text: str) -> str | None:
    match = _NAME.search(text.replace("’", "'"))
    return None if match is None else match[1][0].upper() + match[1][1:]


def day(text: str, today: date) -> date | None:
    """ "завтра", "у п'ятницю", "24 листопада": never in the past."""
    text = plain(text)
    for distance, stems in _NEAR_DAYS:
        if mentions(text, stems):
            return today + timedelta(days=distance)
    for weekday, stems in enumerate(_WEEKDAYS):
        if mentions(text, stems):
            return today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
    for month, stems in enumerate(_MONTHS, start=1):
        match = re.search(rf"\b(\d{{1,2}})\s+(?:{'|'.join(stems)})", text)
        if match is not None and 1 <= int(match[1]) <= 28:
            this_year = date(today.year, month, int(match[1]))
            return this_year if this_year >= today else this_year.replace(year=today.year + 1)
    return None


def clock_time(text: str) -> str | None:
    """ "10:00" from "о десятій", "на 10", "в 10:30"."""
    text = plain(text)
    match = re.search(r"\b(\d{1,2})[:.](\d{2})\b", text) or re.search(
        r"\b(?:о|об|на|в|к)\s+(\d{1,2})()\b(?!\s*[а-яіїє])", text
    )
    if match is not None and int(match[1]) < 24:
        return f"{int(match[1]):02d}:{match[2] or '00'}"
    return next((f"{hour:02d}:00" for hour, stems in reversed(_HOURS) if mentions(text, stems)), None)


def _city_word(text: str, stems: tuple[str, ...]) -> re.Match[str] | None:
    return re.search(rf"\b(?:{'|'.join(stems)})[\w-]*", text, re.IGNORECASE)
