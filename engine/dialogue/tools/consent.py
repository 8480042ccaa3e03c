"""What a caller's words mean for an order, and whether the bot has been heard reading the order back. Pure.

Both err to the safe side: what is not clearly a yes is none, and the bot asks again. Ukrainian, Russian and mixed
speech.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from engine.dialogue.tools.stages import Event

_WORD = re.compile(r"[\w'’ʼ]+")
_SOFTENERS: Final = re.compile(r"не проти|не против|без проблем|нема проблем|нет проблем|чому б(и)? (й )?ні|чому ні")
"""Negations in form only."""
_NO: Final = re.compile(
    r"ні|нє|не|нет|але|но|однак|однако|тільки|только|стоп|краще|лучше|замість|вместо|навпаки"
    r"|(?:інш|друг(?:ий|у|ая|ой)$|зачека|почека|заждіть|подожд|погод|змін|измен|помін|поменя|скас|отмен|передум"
    r"|помил|ошиб|неправ|невір|неверн|відмов|отказ|заміни).*"
)
_YES: Final = re.compile(
    r"так|да|ага|угу|добре|гаразд|хорошо|ок|окей|вірно|верно|точно|правильно|звичайно|звісно|конечно|авжеж|давайте|давай"
    r"|беру|згоден|згодна|згода|(?:підтвер|подтвер|погодж|соглас|оформ|замовля|заказыв).*"
)
_QUESTION: Final = re.compile(
    r"скільки|сколько|коли|когда|чому|почему|навіщо|зачем|який|яка|яке|які|какой|какая|какие|куди|куда|звідки|хіба|разве"
)
_DIGIT_GAP: Final = re.compile(r"(?<=\d)[\s\u00a0\u202f\u2009](?=\d{3}(?!\d))")
"""A space between thousands, of whatever width."""
_DELIVERY: Final = re.compile(r"достав|везем|самовив|самовыв|пункт|адрес|відправ|надішл|привез|поштов|пошт")
_GOODS: Final = re.compile(r"шин|гум|резин|колес|комплект|штук")


def meaning(words: str) -> Event:
    """`SAID_YES`, `SAID_NO` or `SAID_OTHER`. A yes with a reservation is a no; a yes with a question is neither."""
    text = _SOFTENERS.sub("так", words.casefold())
    tokens = _WORD.findall(text)
    if any(_NO.fullmatch(token) for token in tokens):
        return Event.SAID_NO
    if "?" in text or any(_QUESTION.fullmatch(token) for token in tokens):
        return Event.SAID_OTHER
    return Event.SAID_YES if any(_YES.fullmatch(token) for token in tokens) else Event.SAID_OTHER


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Which parts of an order the caller has heard since it last changed."""

    items: bool = False
    total: bool = False
    delivery: bool = False

    @property
    def complete(self) -> bool:
        return self.items and self.total and self.delivery

    def hearing(self, text: str, *, names: Iterable[str], total: Decimal, place: str) -> "ReadBack":
        """With what was heard just now. `names`: of the items; `place`: city, address or pickup point."""
        heard = text.casefold()
        return ReadBack(
            items=self.items or bool(_GOODS.search(heard)) or _shares_a_word(heard, names),
            total=self.total or _mentions_amount(heard, total),
            delivery=self.delivery or bool(_DELIVERY.search(heard)) or _shares_a_word(heard, (place,)),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """In Ukrainian, for the hint."""
        parts = {"товари": self.items, "суму в гривнях": self.total, "доставку": self.delivery}
        return tuple(name for name, heard in parts.items() if not heard)


def _mentions_amount(heard: str, amount: Decimal) -> bool:
    """Whether the whole hryvnias stand in the text as one number, in digits, thousands apart or not."""
    whole = str(int(amount))
    return re.search(rf"(?<!\d)(?<!\d[.,]){whole}(?!\d)", _DIGIT_GAP.sub("", heard)) is not None


def _shares_a_word(heard: str, names: Iterable[str]) -> bool:
    """Whether a word of a name is heard, in any case: its first letters suffice, as endings change."""
    stems = {word[: max(2, len(word) - 2)] for name in names for word in _WORD.findall(name.casefold()) if _tells(word)}
    return any(token.startswith(stem) for token in _WORD.findall(heard) for stem in stems)


def _tells(word: str) -> bool:
    return len(word) >= 4 and not word[0].isdigit()
