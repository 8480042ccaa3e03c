"""Amounts the bot may rightly reckon: so many pieces, with delivery, the difference of two prices. Pure.

Each sum is looked for only where the words ask for one. Were any sum of any two prices good anywhere, a call with a
dozen prices would vouch for almost every invented one.
"""

import re
from collections.abc import Collection
from itertools import combinations
from typing import Final

from engine.dialogue.grounding.evidence import Evidence

_TOTAL: Final = re.compile(
    r"разом|всього|усього|загал|сум[аиіу]|вийде|виходить|обійд|коштуватим|буде|плюс|з доставк|з монтаж|итого|вместе"
)
_DIFFERENCE: Final = re.compile(r"дешевш|дорожч|різниц|економ|заощад|доплат|переплат|менш|більш|вигідн|знижк")
_SET: Final = 4
"""A car's wheels, asked for or not."""
_LARGEST_QUANTITY: Final = 50


def is_reckoned(kopecks: int, text: str, beside: Collection[int], counts: Collection[float], known: Evidence) -> bool:
    """Whether an amount follows from known ones. `text`: the sentence, lower case; `beside`: its other amounts;
    `counts`: its numbers."""
    quantities = {int(each) for each in counts if 1 < each < _LARGEST_QUANTITY} | known.quantities | {_SET}
    lines = {price * quantity for price in known.prices for quantity in quantities}
    if kopecks in lines:
        return True
    if _TOTAL.search(text):
        amounts = lines | known.prices | known.charges
        if any(kopecks - charge in amounts for charge in known.charges) or kopecks in _sums(beside):
            return True
    if _DIFFERENCE.search(text):
        return any(kopecks == abs(a - b) for of in (known.prices, lines) for a, b in combinations(of, 2))
    return False


def _sums(amounts: Collection[int]) -> set[int]:
    return {sum(some) for size in range(2, len(amounts) + 1) for some in combinations(amounts, size)}
