"""A sentence being read: its tokens, and what the words in it make likely. What recognisers look at."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from engine.dialogue.grounding.claims import Claim
from engine.dialogue.grounding.joining import joined
from engine.dialogue.grounding.tokens import Sort, Token, fold, scan

type Found = tuple[tuple[Claim, ...], int] | None
"""What was recognised, and where reading goes on; None: not this."""

_END: Final = Token(Sort.MARK, "")
_STOCK: Final = re.compile(r"\b(?:склад(?!а[єю])|наявн|налич|залиш[ие]|осталось|остал|доступн)")
_HOURS: Final = re.compile(r"працю|работа|відчин|графік|график|годин|час[оа]в|щодня|вихідн|будн|запис|вільн|свобод")

_COUNTED: Final = ("шин", "шт", "кол", "комплект", "пар", "дн", "ден", "тиж", "міс", "грн", "грив", "рок", "відсот")


@dataclass(frozen=True)
class Page:
    text: str
    """Folded, lower case."""
    tokens: tuple[Token, ...]
    today: date

    @classmethod
    def of(cls, text: str, today: date) -> "Page":
        folded = fold(text)
        return cls(folded.lower(), tuple(joined(tuple(scan(folded)))), today)

    def at(self, index: int) -> Token:
        """An empty mark beyond both ends."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def word(self, index: int) -> str:
        """Empty if something else stands there."""
        token = self.at(index)
        return token.text if token.sort is Sort.WORD else ""

    def whole(self, index: int) -> int:
        """The whole number there; -1 if there is none."""
        token = self.at(index)
        return int(token.value) if token.sort is Sort.NUMBER and token.value == int(token.value) else -1

    def skip(self, index: int, texts: Collection[str], most: int = 1) -> int:
        """Past at most so many of these words or marks."""
        while most and index < len(self.tokens) and self.tokens[index].text in texts:
            index, most = index + 1, most - 1
        return index

    def counts_nothing(self, index: int) -> bool:
        """Whether what stands there is nothing that a number before it counts."""
        return not self.word(index).startswith(_COUNTED) and self.at(index).text not in ("%", "/", "₴")

    @cached_property
    def is_question(self) -> bool:
        return self.text.rstrip().endswith("?")

    @cached_property
    def is_about_stock(self) -> bool:
        return _STOCK.search(self.text) is not None

    @cached_property
    def is_about_hours(self) -> bool:
        return _HOURS.search(self.text) is not None
