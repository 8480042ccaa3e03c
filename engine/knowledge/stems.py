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
    ння ние ния нню нням ами ями ого его ому ему ими ую юю их ах ях ов ев ів ав яв ою ею ам ям ом ем ии ия ие иу ая яя
    ое ее ои
    а е и о у ю я"""
_SUFFIX: Final = re.compile(f"(?:{'|'.join(_SUFFIXES.translate(_FOLD).split())})$")
"""A stem keeps at least this many letters."""
PREFIX: Final = 4
"""A stem this long may be the beginning of a longer one; similar stems begin with the same letters, this many."""
_ANY_TAIL: Final = 2
"""So many letters may follow a whole stem, whatever they are."""
_TAILS: Final = tuple(
    frozenset(["", *tails.translate(_FOLD).split()])
    for tails in (
        """а я и у ю ова ову ува уву ява ав ив яв ував ював л ли ля лю ле ляв ал ил ял ан ян ен ован уван юван лен
        анн ен енн ленн увач т ат ит ят в вш ж же жа жу жен дж дже джен ч ча чу чен ш ша шу шен щ ща щу щен ют уют ун
        ую ст стит""",
        "к ок ик ник ниц ництв н ач ч щик чик ц ец ост ис ист ств ин ан ен ищ",
        "н нн ен енн ов ев ськ ск лив ист ост ис іш нис ніш ш",
    )
)
"""What is between the root and the endings that are cut: of verbs, of nouns, of adjectives. Two forms of a word differ
in tails of one kind; `повернути` and `поверх` only look alike."""

_STOPWORDS: Final = frozenset(
    _WORD.findall(
        """
        а або але без би бы в ви вы ваш ваша ваші ваши вас вам вони він вона да де для до є если есть же за з зі
        и і із или й как какая какие какой коли когда кто куди ли мене меня мені мне ми мы моя мої мои можна можно
        мой на над нам не ні нет о об он она они от по под при про прошу що что щоб чтобы це это та так таке такие
        там то ту тут ти ты у хто хочу хочеться через чи чем чим як яка які який яке скільки сколько потрібно нужно
        треба надо маєте имеете буде будет якщо вже уже ще еще скажіть скажите підкажіть подскажите будь ласка
        пожалуйста где зараз сейчас шо шось щось якусь якась якийсь можете можу могу може мій твій
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
    """Whether two stems are forms of one word: one begins the other, or from where they part both go on as forms of a
    word do."""
    short, long = sorted((one, other), key=len)
    if len(short) < PREFIX:
        return short == long
    shared = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if shared == len(short) and len(long) - shared <= _ANY_TAIL:
        return True
    least = PREFIX if shared == len(short) else PREFIX + 1
    return shared >= least and any(short[shared:] in tails and long[shared:] in tails for tails in _TAILS)


_SAME: Final = {word: meant for meant, words in SAME_WORDS.items() for word in words.split()}
_SAME_STEMS: Final = {stem(word): stem(meant) for word, meant in _SAME.items()}
