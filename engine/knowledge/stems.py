"""Words as the search compares them: folded so that Ukrainian and Russian spellings meet, cut so that endings do not
matter. Pure.

Many words of the two languages differ only in letters (`гарантія`, `гарантия`); those that differ altogether and are
asked on the phone are in a table (`same_words`).
"""

import re
from typing import Final

from engine.knowledge.same_words import SAME_WORDS

_WORD: Final = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_FOLD: Final = str.maketrans("іїыйєэёґ", "ииииееег", "ьъ'’ʼ")
_SHORTEST: Final = 3
_SUFFIXES: Final = """
    ться тися тся ется ється иться ете ите єте ешь ишь ють ать ять ить еть ет ит емо имо ємо али яли или лася лась ти ть
    ння ние ния нню нням ами ями ого его ому ему ими ую юю их ах ях ов ев ою ею ам ям ом ем ии ия ие иу ая яя ое ее ои
    а е и о у ю я"""
_SUFFIX: Final = re.compile(f"(?:{'|'.join(_SUFFIXES.translate(_FOLD).split())})$")
"""A stem keeps at least this many letters."""
PREFIX: Final = 4
"""A stem this long may be the beginning of a longer one; similar stems begin with the same letters, this many."""
_LONGEST_TAIL: Final = 4

_STOPWORDS: Final = frozenset(
    _WORD.findall(
        """
        а або але без би бы в ви вы ваш ваша ваші ваши вас вам вони він вона да де для до є если есть же за з зі
        и і із или й как какая какие какой коли когда кто куди ли мене меня мені мне ми мы моя мої мои можна можно
        мой на над нам не ні нет о об он она они от по под при про прошу що что щоб чтобы це это та так таке такие
        там то ту тут ти ты у хто хочу хочеться через чи чем чим як яка які який яке скільки сколько потрібно нужно
        треба надо маєте имеете буде будет якщо вже уже ще еще скажіть скажите підкажіть подскажите будь ласка
        пожалуйста где зараз сейчас
        """
    )
)


def stems(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeated as often as they occur."""
    words = (word for word in _WORD.findall(text.casefold()) if word not in _STOPWORDS)
    found = (_meant(word) for word in words)
    return [each for each in found if len(each) >= _SHORTEST or each.isdigit()]


def _meant(word: str) -> str:
    """The stem of the word that is listed for this one, or for another with its stem."""
    if word in _SAME:
        return stem(_SAME[word])
    cut = stem(word)
    return _SAME_STEMS.get(cut, cut)


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


_SAME: Final = {word: meant for meant, words in SAME_WORDS.items() for word in words.split()}
_SAME_STEMS: Final = {stem(word): stem(meant) for word, meant in _SAME.items()}
