"""Words as the search compares them: folded so that Ukrainian and Russian spellings meet, cut so that endings do not
matter. Pure.

Many words of the two languages differ only in letters (`гарантія`, `гарантия`); those that differ altogether and are
asked on the phone are in a table.
"""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_FOLD: Final = str.maketrans("іїыйєэёґ", "ииииееег", "ьъ'’ʼ")
_SHORTEST: Final = 3
_SUFFIX: Final = re.compile(
    r"(?:ться|тися|тся|ння|ние|ния|нню|нням|ами|ями|ого|его|ому|ему|ими|ую|юю|их|ах|ях|ов|ев|ою|ею|ам|ям|ом|ем|ти|ть"
    r"|ии|ия|ие|иу|ая|ое|ее|ои|[аеиоуюя])$".translate(_FOLD)
)
"""A stem keeps at least this many letters."""
PREFIX: Final = 4
"""A stem this long may be the beginning of a longer one; similar stems begin with the same letters, this many."""
_LONGEST_TAIL: Final = 4

_MEANT: Final = {
    "возврат": "повернення", "вернуть": "повернути", "обмен": "обмін", "обменять": "обміняти",
    "хранение": "зберігання", "хранить": "зберігати", "размер": "розмір", "цифры": "цифри", "буквы": "літери",
    "значит": "означає", "зимние": "зимові", "зимних": "зимові", "зимнюю": "зимові", "зимняя": "зимові",
    "зимней": "зимові", "летних": "літні", "летнюю": "літні", "летней": "літні", "летние": "літні",
    "летняя": "літня", "лето": "літо", "менять": "міняти", "поменять": "міняти", "замена": "заміна",
    "переобуть": "перевзути", "переобувать": "перевзути", "колеса": "шини", "резина": "шини", "резину": "шини",
    "покрышки": "шини", "покрышек": "шини", "гума": "шини", "гуму": "шини", "наличные": "готівка",
    "наличными": "готівка", "картой": "картка", "карточкой": "картка", "рассрочка": "розстрочка",
    "рассрочку": "розстрочка", "платить": "оплатити", "заплатить": "оплатити", "деньги": "гроші",
    "лучше": "краще", "производитель": "виробник", "производители": "виробник", "марка": "бренд",
    "марки": "бренд", "фирма": "бренд", "дешевле": "дешевше", "брак": "дефект", "поломка": "дефект",
    "монтаж": "шиномонтаж", "курьер": "кур'єр", "привезут": "доставка", "привезете": "доставка",
    "привезти": "доставка", "срок": "строк", "термін": "строк", "адрес": "адреса", "давление": "тиск",
    "всесезонка": "всесезонні", "шипы": "шипи",
}  # fmt: skip

_STOPWORDS: Final = frozenset(
    _WORD.findall(
        """
        а або але без би бы в ви вы ваш ваша ваші ваши вас вам вони він вона да де для до є если есть же за з зі
        и і із или й как какая какие какой коли когда кто куди ли мене меня мені мне ми мы моя мої мои можна можно
        мой на над нам не ні нет о об он она они от по под при про прошу що что щоб чтобы це это та так таке такие
        там то ту тут ти ты у хто хочу хочеться через чи чем чим як яка які який яке скільки сколько потрібно нужно
        треба надо маєте имеете буде будет якщо вже уже ще еще скажіть скажите підкажіть подскажите будь ласка
        пожалуйста
        """
    )
)


def stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeated as often as they occur."""
    words = (word for word in _WORD.findall(text.casefold()) if word not in _STOPWORDS)
    found = (stem(word) for word in words)
    return [_STEMS_MEANT.get(each, each) for each in found if len(each) >= _SHORTEST or each.isdigit()]


def stem(word: str) -> str:
    folded = word.casefold().translate(_FOLD)
    cut = _SUFFIX.sub("", folded)
    return cut if len(cut) >= _SHORTEST else folded


def similar(one: str, other: str) -> bool:
    """Whether two stems are forms of one word: one begins the other, or they share all but a short ending."""
    short, long = sorted((one, other), key=len)
    if len(short) < PREFIX:
        return short == long
    if long.startswith(short):
        return len(long) - len(short) <= _LONGEST_TAIL
    shared = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return shared >= max(PREFIX + 1, len(short) - 2) and len(long) - shared <= _LONGEST_TAIL


_STEMS_MEANT: Final = {stem(word): stem(meant) for word, meant in _MEANT.items()}
"""By stem: the table above names one form of a word, and means all of them."""
