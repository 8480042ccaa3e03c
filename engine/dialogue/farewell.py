"""Is somebody saying goodbye? Pure; Ukrainian and Russian, as callers mix them.

The bot's farewell ends the call once it has been played; the caller's allows a short one. Thanks alone are no farewell:
«дякую, а ще…» goes on.
"""

import re
from typing import Final

_GOODBYE: Final = re.compile(
    r"до побачення|до зустрічі|до свидан(?:ия|ья|ня)|всього (?:найкращого|доброго|хорошого)|всего (?:доброго|хорошего)"
    r"|на все добре|гарного (?:дня|вечора)|гарних вихідних|хорошего (?:дня|вечера)|бувайте|бувай\b|прощавайте"
    r"|до зв'язку|\bпока$|\bпа-?па\b|доброї ночі|спокойной ночи",
    re.IGNORECASE,
)
_NOT_YET: Final = re.compile(
    r"\?|\b(?:зачекайте|почекайте|подождите|стоп|ще (?:одне|питання)|еще (?:вопрос|один))\b", re.IGNORECASE
)
_APOSTROPHES: Final = str.maketrans("’ʼ", "''")


def is_farewell(text: str) -> bool:
    """Whether `text` (one turn of either side) takes leave. A question or a «wait» after it takes it back."""
    plain = " ".join(text.translate(_APOSTROPHES).rstrip(" .!,…").split())
    leaves = list(_GOODBYE.finditer(plain))
    return bool(leaves) and not _NOT_YET.search(plain, leaves[-1].end())
