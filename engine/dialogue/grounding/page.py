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
_STOCK: Final = re.compile(
    r"\b(?:склад(?!а[єю])|наявн|налич|залиш[ие]|осталось|остал|доступн|леж(?:ить|ать|ит|ат)\b)"
    r"|\b(?:їх|таких|цих|ваших) (?:[ув] нас|багато|повно|мало)|\b[ув] нас (?:їх|таких|багато|повно)"
)
_HOURS: Final = re.compile(
    r"працю|работа|відчин|зачин|графік|график|годин|час[оа]в|щодня|вихідн|будн|запи[сш]|вільн|свобод|зручн|удобн"
    r"|можна (?:на|о|до|після)\b|давайте (?:на|о|до|після)\b|чека|приїзд|приїд|приїха"
)
_OPEN: Final = re.compile(r"працюємо|працює|відчинен|зачиня|графік")
_PROMISES: Final = re.compile(
    r"достав|постав|привез|привіз|завез|завіз|відправ|надішл|надійд|отрима|прибу|очіку|чекає|запи[сш]|вільн|приїд"
    r"|готов|буд(?:е|уть)\b|передзвон|зателефон"
)
_ASKS: Final = re.compile(
    r"\W*(?:чи|може|можливо|хочете|бажаєте|зручн\w+|підійде|підходить"
    r"|(?:а |то )?вам (?:буде )?(?:зручн|краще|підійде|підходить|більше)\w*)\b"
)
"""How a question begins. «Коли» and «де» do not: «коли приїдете завтра, ми…»."""
_OR_ELSE: Final = re.compile(r"[,—–]\s*(?:чи|або)\b[^,]*\Z")
_ENDS: Final = (".", "!", "…")

_COUNTED: Final = ("шин", "шт", "кол", "комплект", "пар", "дн", "ден", "тиж", "міс", "грн", "грив", "рок", "відсот")


@dataclass(frozen=True)
class Page:
    text: str
    """Folded, lower case."""
    tokens: tuple[Token, ...]
    today: date
    start: int = 0
    """The first token of what is being judged; those before it are the same sentence, spoken already."""
    is_evidence: bool = False
    """Whether it is data or the caller's, whose questions name values too."""

    @classmethod
    def of(cls, text: str, today: date, before: str = "", *, is_evidence: bool = False) -> "Page":
        """`before`: the pieces of the same sentence that came first, which tell what this one is about."""
        folded, spoken = fold(text), fold(before)
        begun = _tokens(spoken) if spoken else ()
        return cls(f"{spoken} {folded}".strip().lower(), (*begun, *_tokens(folded)), today, len(begun), is_evidence)

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
        """Also of the first piece of one, whose mark is still to come."""
        text = self.text.rstrip()
        if self.is_evidence or text.endswith("?"):
            return not self.is_evidence
        return not text.endswith(_ENDS) and bool(_ASKS.match(text) or _OR_ELSE.search(text.rstrip(" ,;—–")))

    @cached_property
    def is_about_stock(self) -> bool:
        return _STOCK.search(self.text) is not None

    @cached_property
    def is_open_until(self) -> bool:
        """Whether an hour alone, «до 20», is when the shop closes."""
        return _OPEN.search(self.text) is not None

    @cached_property
    def promises_a_day(self) -> bool:
        """Whether it says when something will come or be done."""
        return _PROMISES.search(self.text) is not None

    @cached_property
    def is_about_hours(self) -> bool:
        return _HOURS.search(self.text) is not None


def _tokens(folded: str) -> tuple[Token, ...]:
    return tuple(joined(tuple(scan(folded))))
