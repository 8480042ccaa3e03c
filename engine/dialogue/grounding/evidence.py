"""What a call's sentences may say: every value in what the model was shown and in the caller's own words.

Before: `gate` feeds it tool results, the state pinned by code and the caller's turns. After: `gate` asks `holds`.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.moments import weekday_of
from engine.dialogue.grounding.places import known_houses, known_words
from engine.dialogue.grounding.reading import Reading, read
from engine.dialogue.grounding.results import Role, facts
from engine.dialogue.grounding.tokens import Sort

_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+(?=[А-ЯҐЄІЇA-Z«])|\n+")
_DAYS_NAMED: Final = (
    (re.compile(r"\b(?:щодн|кожного дня|без вихідних|ежедневн|без выходных)"), range(7)),
    (re.compile(r"\b(?:будн|робочі дні|рабочие дни)"), range(5)),
    (re.compile(r"\b(?:вихідн|выходн)"), range(5, 7)),
)
_LONGEST_RUN: Final = 12
_DIGITS: Final = (Sort.NUMBER, Sort.NAME, Sort.CODE, Sort.PHONE)
_CENTURY: Final = 100
_CAR_YEARS: Final = range(1970, 2070)


class Evidence:
    """Grows with the call."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._values: dict[Kind, set[Hashable]] = {kind: set() for kind in Kind}
        self._alone: set[float] = set()
        self._callers: set[float] = set()
        self._runs: set[str] = set()
        self._houses: set[tuple[str, int]] = set()
        self._words: set[str] = set()
        self._caller_named_a_street = False
        self.prices: set[int] = set()
        """Kopecks, of goods and orders: what `arithmetic` reckons with."""
        self.charges: set[int] = set()
        """Kopecks, of what is added to them: delivery, services."""
        self.quantities: set[int] = set()
        """Pieces the caller asked for or the draft holds."""

    def learn_data(self, text: str) -> None:
        """An article, a line of state."""
        for sentence in _SENTENCES.split(text):
            self._learn(read(sentence, self._today))

    def learn_caller(self, text: str) -> None:
        reading = read(text, self._today)
        self._learn(reading)
        self._callers |= reading.alone
        self.quantities |= {int(each) for each in reading.alone if 1 < each < _CENTURY}
        for claim in reading.claims:
            if claim.kind is Kind.ADDRESS:
                self._caller_named_a_street = True
                self._callers.update(house for _, house, _ in claim.values if house is not None)
            elif claim.kind is Kind.SIZE:
                self._callers.update(part for size in claim.values for part in size if part in reading.numbers)

    def learn_result(self, content: str) -> None:
        """A tool's answer, as the model gets it."""
        for fact in facts(content):
            if isinstance(fact, str):
                self.learn_data(fact)
            else:
                self._learn_number(*fact)

    def learn_price(self, kopecks: int) -> None:
        """An amount that was reckoned and said may be said again."""
        self._values[Kind.PRICE].add(kopecks)

    def holds(self, claim: Claim) -> bool:
        check = _CHECKS.get(claim.kind)
        return any(value in self._values[claim.kind] or (check and check(self, value)) for value in claim.values)

    def _learn_number(self, role: Role, number: float) -> None:
        self._values[Kind.NUMBER].add(number)
        kopecks = round(number * 100)
        if role in (Role.PRICE, Role.CHARGE):
            self._values[Kind.PRICE].add(kopecks)
            (self.prices if role is Role.PRICE else self.charges).add(kopecks)
        elif role is Role.OTHER:
            self._alone.add(number)
        else:
            self._values[Kind.STOCK].add(number)
        if role is Role.QUANTITY and 1 < number < _CENTURY:
            self.quantities.add(int(number))

    def _learn(self, reading: Reading) -> None:
        for claim in reading.claims:
            self._values[claim.kind].update(claim.values)
            if claim.kind is Kind.PRICE:
                self.prices.update(value for value in claim.values if isinstance(value, int))
        self._alone |= reading.alone
        self._values[Kind.NUMBER].update(reading.numbers)
        self._learn_days(reading)
        self._runs.update(_runs(reading))
        self._houses |= known_houses(reading.page)
        self._words |= known_words(reading.page)

    def _learn_days(self, reading: Reading) -> None:
        days = reading.days
        weekdays = {weekday_of(*day, self._today) for day in days}
        for pattern, named in _DAYS_NAMED:
            weekdays |= set(named) if pattern.search(reading.page.text) else set()
        if any("next" in claim.values for claim in reading.claims):
            tomorrow = self._today + timedelta(days=1)
            self._values[Kind.DATE].add((tomorrow.month, tomorrow.day))
            weekdays.add(tomorrow.weekday())
        self._values[Kind.DATE].update(("weekday", day) for day in weekdays)

    # What else holds, by kind: where the value itself was not seen.

    def _price(self, value: Any) -> bool:
        return isinstance(value, int) and value / 100 in self._alone

    def _time(self, value: Any) -> bool:
        return not value % 60 and value / 60 in self._callers

    def _address(self, value: Any) -> bool:
        """A street the data knows has the house it has there. One it does not know the caller may have named, in the
        other language perhaps."""
        names, number, is_named = value
        if number is None:
            return self._caller_named_a_street or any(name in self._words for name in names)
        known = {house for name, house in self._houses if name in names}
        return number in known or (not known and (number in self._callers or not is_named))

    def _order(self, value: Any) -> bool:
        return value in self._runs

    def _phone(self, value: Any) -> bool:
        return any(run.endswith(value) for run in self._runs)

    def _size(self, value: Any) -> bool:
        """A part of a known size; a size the caller named in pieces."""
        known = [size for size in self._values[Kind.SIZE] if isinstance(size, tuple) and len(size) == len(value)]
        if None in value and any(all(a in (None, b) for a, b in zip(value, size, strict=True)) for size in known):
            return True
        return all(part is None or part in self._callers for part in value)

    def _stock(self, value: Any) -> bool:
        return value in self._callers

    def _number(self, value: Any) -> bool:
        if str(value) in self._runs:
            return True
        is_near = value in (self._today.year, self._today.year + 1)
        return value in _CAR_YEARS and (is_near or value % _CENTURY in self._callers)

    def _any(self, value: Any) -> bool:
        return True


_CHECKS: Final[Mapping[Kind, Callable[[Evidence, Any], bool]]] = {
    Kind.PRICE: Evidence._price,
    Kind.TIME: Evidence._time,
    Kind.ADDRESS: Evidence._address,
    Kind.ORDER: Evidence._order,
    Kind.PHONE: Evidence._phone,
    Kind.SIZE: Evidence._size,
    Kind.STOCK: Evidence._stock,
    Kind.NUMBER: Evidence._number,
    Kind.COUNT: Evidence._any,
}


def _runs(reading: Reading) -> Iterator[str]:
    """Digits as written, and dictated piece by piece, joined every way that makes a code."""
    run: list[str] = []
    for token in (*reading.page.tokens, None):
        if token is not None and token.digits and token.sort in _DIGITS:
            run.append(token.digits)
        elif token is None or token.text not in (",", "-", "/"):
            run = run[:_LONGEST_RUN]
            yield from ("".join(run[i:j]) for i in range(len(run)) for j in range(i + 1, len(run) + 1))
            run = []
