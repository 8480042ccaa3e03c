"""Which values a sentence names. Pure; the same reader takes the bot's sentences and what they are checked against.

So a sentence quoted word for word from an article says nothing new, whatever the reader makes of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from engine.dialogue.grounding import amounts, codes, hours, moments, places, stock, terms
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
        hours.part_of_hour, hours.spoken_hour, hours.hour_range, codes.order, codes.rim, terms.term, amounts.measure,
        stock.pieces, moments.day_of_month, amounts.bare,
    ),
    Sort.MARK: (),
}  # fmt: skip
"""By what stands first; the earlier recogniser wins: what is said more exactly comes first."""
_OF_WORDS: Final[tuple[tuple[Callable[[str], bool], Recognise], ...]] = (
    (moments.NEAR.__contains__, moments.near_day),
    (moments.TODAY.__contains__, moments.this_day),
    (moments.NEXT.__contains__, moments.next_day),
    (moments.WEEKDAYS.__contains__, moments.weekday),
    ((*hours.HALF, *hours.QUARTER).__contains__, hours.part_of_hour),
    (hours.HALF.__contains__, amounts.half_price),
    (("пів", *terms.HALVES).__contains__, terms.half),
    (terms.ONE.__contains__, terms.one),
    (amounts.is_free, amounts.free),
)
"""... and of words by which word: most open nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    claims: tuple[Claim, ...]
    page: Page
    places: tuple[int, ...]
    """Of each claim's first token."""
    begun: tuple[Claim, ...] = ()
    """What the pieces of the sentence that came before claim: judged already, they still say what is meant."""

    @property
    def numbers(self) -> frozenset[float]:
        """As they stand in the text; sizes in their parts."""
        tokens = self.page.tokens
        sizes = (part for token in tokens if token.sort is Sort.SIZE for part in token.parts)
        return frozenset((*(token.value for token in tokens if token.sort is Sort.NUMBER), *sizes))

    @property
    def alone(self) -> frozenset[float]:
        """The numbers with nothing to tell what they count: they may be anything."""
        return frozenset(value for _, value in self.bare())

    def bare(self) -> Iterator[tuple[int, float]]:
        """Those, each with its token."""
        for claim, place in zip(self.claims, self.places, strict=True):
            if claim.kind in (Kind.NUMBER, Kind.COUNT):
                yield from ((place, value) for value in claim.values if isinstance(value, int | float))

    @property
    def days(self) -> list[tuple[int, int]]:
        """Months and days, of the dates named."""
        dates = (value for claim in (*self.begun, *self.claims) if claim.kind is Kind.DATE for value in claim.values)
        return [value for value in dates if isinstance(value, tuple) and isinstance(value[0], int)]


def read(text: str, today: date, before: str = "", *, is_evidence: bool = False) -> Reading:
    """`today`: for «завтра», and the year of a date without one. `before`: what of the same sentence was read already;
    its values are not named again."""
    page = Page.of(text, today, before, is_evidence=is_evidence)
    begun: list[Claim] = []
    claims: list[Claim] = []
    places: list[int] = []
    at = 0
    while at < len(page.tokens):
        found, end = _recognised(page, at)
        if end > page.start:
            claims += found
            places += [at] * len(found)
        else:
            begun += found
        at = end
    return Reading(tuple(claims), page, tuple(places), tuple(begun))


def _recognised(page: Page, at: int) -> tuple[tuple[Claim, ...], int]:
    token = page.tokens[at]
    recognisers = _of_word(token.text, token.is_capital) if token.sort is Sort.WORD else _RECOGNISERS[token.sort]
    for recognise in recognisers:
        if (found := recognise(page, at)) is not None:
            return found
    return (), at + 1


@lru_cache(maxsize=8192)
def _of_word(word: str, is_capital: bool) -> tuple[Recognise, ...]:
    recognisers = tuple(recognise for opens, recognise in _OF_WORDS if opens(word))
    places_too = (places.street,) if is_capital or places.opens_a_place(word) else ()
    return (*recognisers, *places_too, *((places.house,) if is_capital else ()))
