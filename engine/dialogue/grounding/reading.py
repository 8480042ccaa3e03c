"""Which values a sentence names. Pure; the same reader takes the bot's sentences and what they are checked against.

So a sentence quoted word for word from an article says nothing new, whatever the reader makes of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.dialogue.grounding import amounts, codes, hours, moments, places
from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.page import Found, Page
from engine.dialogue.grounding.tokens import Sort

type Recognise = Callable[[Page, int], Found]

_RECOGNISERS: Final[Mapping[Sort, tuple[Recognise, ...]]] = {
    Sort.DATE: (moments.written_date,),
    Sort.TIME: (hours.written_time,),
    Sort.SIZE: (codes.written_size,),
    Sort.PHONE: (codes.written_phone,),
    Sort.CODE: (codes.code,),
    Sort.NAME: (codes.order,),
    Sort.NUMBER: (
        codes.spoken_phone, codes.spoken_size, amounts.price, amounts.per_cent, moments.named_month, moments.year,
        hours.part_of_hour, hours.spoken_hour, hours.hour_range, codes.order, codes.rim, moments.term, amounts.measure,
        amounts.pieces, amounts.bare,
    ),
    Sort.WORD: (moments.near_day, moments.next_day, moments.weekday, hours.part_of_hour, places.street, places.house),
    Sort.MARK: (),
}  # fmt: skip
"""By what stands first; the earlier recogniser wins: what is said more exactly comes first."""


@dataclass(frozen=True, slots=True)
class Reading:
    claims: tuple[Claim, ...]
    page: Page

    @property
    def numbers(self) -> frozenset[float]:
        """As they stand in the text; sizes in their parts."""
        tokens = self.page.tokens
        sizes = (part for token in tokens if token.sort is Sort.SIZE for part in token.parts)
        return frozenset((*(token.value for token in tokens if token.sort is Sort.NUMBER), *sizes))

    @property
    def alone(self) -> frozenset[float]:
        """The numbers with nothing to tell what they count: they may be anything."""
        counts = (claim for claim in self.claims if claim.kind in (Kind.NUMBER, Kind.COUNT))
        return frozenset(value for claim in counts for value in claim.values if isinstance(value, int | float))

    @property
    def days(self) -> list[tuple[int, int]]:
        """Months and days, of the dates named."""
        dates = (value for claim in self.claims if claim.kind is Kind.DATE for value in claim.values)
        return [value for value in dates if isinstance(value, tuple) and value[0] != "weekday"]


def read(text: str, today: date) -> Reading:
    """`today`: for «завтра», and the year of a date without one."""
    page = Page.of(text, today)
    claims: list[Claim] = []
    at = 0
    while at < len(page.tokens):
        found, at = _recognised(page, at)
        claims += found
    return Reading(tuple(claims), page)


def _recognised(page: Page, at: int) -> tuple[tuple[Claim, ...], int]:
    for recognise in _RECOGNISERS[page.tokens[at].sort]:
        if (found := recognise(page, at)) is not None:
            return found
    return (), at + 1
