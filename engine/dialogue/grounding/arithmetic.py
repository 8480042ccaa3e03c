"""Amounts the bot may rightly reckon: so many pieces, with delivery, the difference of two prices. Pure.

Each sum is looked for only where the words ask for one. Were any sum of any two prices good anywhere, a call with a
dozen prices would vouch for almost every invented one. And each is looked for from the amount back to the prices, by
look-ups: fifty prices and sixteen quantities cost well under a millisecond.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from engine.dialogue.grounding.evidence import Evidence

_TOTAL: Final = re.compile(
    r"разом|всього|усього|загал|сум[аиіу]|вийде|виходить|обійд|коштуватим|буде|плюс|з доставк|з монтаж|итого|вместе"
)
_SET: Final = re.compile(r"комплект|за (?:всі|усі|них)|чотири|\bрешт")
_PAIR: Final = re.compile(r"\bпар[аиу]\b|обидв")
_LESS: Final = re.compile(r"\b(?<!не )(?:дешевш|дешевл|дорожч|дороже|різниц|разниц|економ|заощад|доплат|переплат)")
_BY: Final = re.compile(r"(?:різниц|разниц|економ|заощад|доплат|переплат).*|(?<!не )\b(?:дешевш|дорожч|дороже)\w*$")
"""Before an amount that is a difference; «дешевша за Michelin, 2 300» is a price."""
_LACKS: Final = re.compile(r"не вистача|бракує|не хватает|залиша|лишається|ще на$|додати")
_DISCOUNT: Final = re.compile(r"знижк|скидк")
_EACH: Final = re.compile(r"\bодн(?:е|а|у|ого|ієї) (?:колес|шин|штук)|за (?:одн|штук)|кожн|\bчверть|\bполовин")
_WHEELS: Final = 4
"""A car's, asked for or not."""
_PARTS: Final = (2, _WHEELS)
_LARGEST_QUANTITY: Final = 50
_MOST: Final = 6
"""Amounts or charges beside one another that are tried in sums."""
_HRYVNIA: Final = 100


@dataclass(frozen=True, slots=True)
class Saying:
    """How a sentence says an amount."""

    text: str
    """The sentence, lower case."""
    lead: str
    """The few words just before the amount."""
    beside: Collection[int]
    """Its other amounts, kopecks."""
    counts: Collection[float]
    """Its numbers."""
    per_cents: Collection[float] = ()


def is_reckoned(kopecks: int, saying: Saying, known: Evidence) -> bool:
    """Whether an amount follows from known ones."""
    quantities = _quantities(saying, known)
    if kopecks in known.prices or _is_line(kopecks, quantities, known):
        return True
    if _TOTAL.search(saying.text) and _is_total(kopecks, saying, quantities, known):
        return True
    if _is_difference(kopecks, saying, quantities, known):
        return True
    return _is_part(kopecks, saying, quantities, known)


def _quantities(saying: Saying, known: Evidence) -> frozenset[int]:
    """Of pieces: in the sentence, in the call, or a car's wheels if they are meant."""
    said = {int(each) for each in saying.counts if 1 < each < _LARGEST_QUANTITY}
    wheels = {_WHEELS} if _SET.search(saying.text) or _TOTAL.search(saying.text) else set()
    pair = {2} if _PAIR.search(saying.text) else set()
    return frozenset(said | set(known.quantities) | wheels | pair)


def _is_line(kopecks: int, quantities: Collection[int], known: Evidence) -> bool:
    """So many pieces at a known price."""
    return any(not kopecks % each and kopecks // each in known.prices for each in quantities)


def _is_total(kopecks: int, saying: Saying, quantities: Collection[int], known: Evidence) -> bool:
    """Goods with what is added to them; the sentence's own amounts together."""
    if any(kopecks == sum(some) for some in _several(saying.beside, 2)):
        return True
    rests = (kopecks - sum(some) for some in _several(known.charges, 1) if len(some) <= 2)
    return any(rest in known.prices or rest in known.charges or _is_line(rest, quantities, known) for rest in rests)


def _several(amounts: Collection[int], fewest: int) -> Iterator[tuple[int, ...]]:
    few = sorted(set(amounts))[:_MOST]
    for size in range(fewest, len(few) + 1):
        yield from combinations(few, size)


def _is_difference(kopecks: int, saying: Saying, quantities: Collection[int], known: Evidence) -> bool:
    """Of two prices, or of as many pieces at either: «на 2 300 дорожча», «різниця 9 200»; of what is there to what is
    needed: «не вистачає 600»."""
    if _LACKS.search(saying.lead):
        return any(a - kopecks in known.prices or _is_line(a - kopecks, quantities, known) for a in known.prices)
    is_by = saying.lead.split()[-1:] == ["на"] and _LESS.search(saying.text)
    if not is_by and not _BY.search(saying.lead):
        return False
    if any(abs(budget - kopecks) in known.prices or budget + kopecks in known.prices for budget in known.budgets):
        return True
    each = [kopecks // n for n in (1, *quantities) if not kopecks % n]
    return any(price + one in known.prices for one in each for price in known.prices)


def _is_part(kopecks: int, saying: Saying, quantities: Collection[int], known: Evidence) -> bool:
    """A known amount less or of so many per cent, to the hryvnia; one wheel of a set."""
    if _EACH.search(saying.text) and any(kopecks * n in each for each in (known.prices, known.charges) for n in _PARTS):
        return True
    per_cents = saying.per_cents or (known.per_cents if _DISCOUNT.search(saying.text) else ())
    shares = [share for each in per_cents for share in (each / 100, 1 - each / 100) if share > 0]
    bases = sorted(known.prices | known.charges) if shares else []
    return any(_is_near(kopecks / share / n, _HRYVNIA / share / n, bases) for share in shares for n in (1, *quantities))


def _is_near(amount: float, within: float, amounts: Sequence[int]) -> bool:
    """`amounts`: sorted."""
    at = bisect_left(amounts, amount - within)
    return at < len(amounts) and amounts[at] < amount + within
