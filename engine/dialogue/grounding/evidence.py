"""What a call's sentences may say: every value in what the model was shown and in the caller's own words.

Before: `gate` feeds it tool results, the state pinned by code and the caller's turns. After: `gate` asks `holds`.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from engine.dialogue.grounding.caller import BRANCH, meant
from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.lessons import Lesson, lesson, lessons
from engine.dialogue.grounding.moments import next_weekday, weekday_of
from engine.dialogue.grounding.places import stem
from engine.dialogue.grounding.reading import read
from engine.dialogue.grounding.results import Role, facts
from engine.dialogue.grounding.streets import Streets

_CENTURY: Final = 100
_CAR_YEARS: Final = range(1970, 2070)
_SET: Final = 4
_MOST_QUANTITIES: Final = 16
_NOON: Final = 12


class Evidence:
    """Grows with the call."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._values: dict[Kind, set[Hashable]] = {kind: set() for kind in Kind}
        self._bare: dict[Kind, set[float]] = {kind: set() for kind in Kind}
        self._spoken: set[float] = set()
        self._runs: set[str] = set()
        self._coming: set[date] = set()
        self._weekdays_named: set[Hashable] = set()
        self._streets = Streets()
        self.prices: set[int] = set()
        """Kopecks, of goods and orders: what `arithmetic` reckons with."""
        self.charges: set[int] = set()
        """Kopecks, of what is added to them: delivery, services."""
        self.budgets: set[int] = set()
        """Kopecks, as the caller named them."""
        self.quantities: list[int] = []
        """Pieces the caller asked for or the draft holds; the latest."""

    @property
    def per_cents(self) -> set[float]:
        values = (value for value in self._values[Kind.PRICE] if isinstance(value, tuple) and value[0] == "%")
        return {per_cent for _, per_cent in values}

    # Each of the three learns as it is iterated, a sentence a step: a long text is no one step of a busy loop.

    def learn_data(self, text: str) -> Iterator[None]:
        """A line of state or of the instructions."""
        for each in lessons(text, self._today):
            self._learn(each)
            yield

    def learn_result(self, content: str, echoed: Collection[str] = ()) -> Iterator[None]:
        """A tool's answer, as the model gets it."""
        for fact in facts(content, echoed):
            if isinstance(fact, str):
                for each in lessons(fact, self._today):
                    self._learn(each)
                    self._learn_coming(each)
                    yield
            else:
                self._learn_number(*fact)

    def learn_caller(self, text: str, asked: str = "") -> Iterator[None]:
        """`asked`: what the bot had said just before."""
        yield
        reading = read(text, self._today, is_evidence=True)
        self._learn(lesson(reading), is_caller=True)
        self._spoken |= reading.alone
        houses: list[float] = []
        for kind, number in meant(reading, asked.lower()):
            self._bare[kind].add(number)
            if kind is Kind.STOCK:
                self._learn_quantity(int(number))
            elif kind is Kind.ADDRESS:
                houses.append(number)
            elif kind is Kind.PRICE:
                self.budgets.add(round(number * 100))
        for claim in reading.claims:
            if claim.kind is Kind.ADDRESS:
                for names, house, _ in claim.values:
                    self._streets.named(names, house)
            elif claim.kind is Kind.SIZE:
                self._bare[Kind.SIZE].update(part for size in claim.values for part in size if part in reading.numbers)
            elif claim.kind is Kind.DATE:
                self._learn_named_days(claim)
        if houses and BRANCH.search(f"{asked.lower()} {reading.page.text}"):
            self._streets.named((stem("відділення"),), None)
        self._streets.house_came(houses)

    def learn_price(self, kopecks: int) -> None:
        """An amount that was reckoned and said may be said again."""
        self._values[Kind.PRICE].add(kopecks)
        self._values[Kind.NUMBER].add(kopecks / 100)

    def holds(self, claim: Claim) -> bool:
        check = _CHECKS.get(claim.kind)
        return any(value in self._values[claim.kind] or (check and check(self, value)) for value in claim.values)

    def named_by_weekday(self, claim: Claim) -> bool:
        """Whether a date is that of the weekday the caller named: good where that weekday stands beside it."""
        return claim.kind is Kind.DATE and any(value in self._weekdays_named for value in claim.values)

    def _learn(self, of: Lesson, *, is_caller: bool = False) -> None:
        """A caller cannot vouch for what there is, nor for what costs nothing."""
        for claim in of.claims:
            if is_caller and (claim.kind is Kind.STOCK or claim.values == (0,)):
                continue
            self._values[claim.kind].update(claim.values)
            if claim.kind is Kind.PRICE:
                amounts = (value for value in claim.values if isinstance(value, int) and value)
                (self.budgets if is_caller else self.prices).update(amounts)
        self._values[Kind.NUMBER].update(of.numbers)
        self._learn_days(of)
        self._runs |= of.runs
        self._streets.learn(of.houses, of.words)

    def _learn_number(self, role: Role, number: float) -> None:
        self._values[Kind.NUMBER].add(number)
        kopecks = round(number * 100)
        match role:
            case Role.PRICE | Role.CHARGE:
                self._values[Kind.PRICE].add(kopecks)
                if kopecks:
                    (self.prices if role is Role.PRICE else self.charges).add(kopecks)
            case Role.STOCK | Role.QUANTITY:
                self._values[Kind.STOCK].add(number)
            case Role.FOUND:
                self._values[Kind.STOCK].add(("found", number))
        if role is Role.QUANTITY and 1 < number < _CENTURY:
            self._learn_quantity(int(number))

    def _learn_quantity(self, pieces: int) -> None:
        self.quantities = [*(each for each in self.quantities if each != pieces), pieces][-_MOST_QUANTITIES:]

    def _learn_days(self, of: Lesson) -> None:
        weekdays = {weekday_of(*day, self._today) for day in of.days} | of.weekdays
        if any("next" in claim.values for claim in of.claims):
            tomorrow = self._today + timedelta(days=1)
            self._values[Kind.DATE].add((tomorrow.month, tomorrow.day))
            weekdays.add(tomorrow.weekday())
        self._values[Kind.DATE].update(("weekday", day) for day in weekdays)

    def _learn_coming(self, of: Lesson) -> None:
        """The days a result names: so many days from now, or today."""
        ahead = {self._today + timedelta(days=days) for days in range(_CENTURY)} if of.days else set()
        self._coming.update(day for day in ahead if (day.month, day.day) in of.days)
        if (self._today.month, self._today.day) in of.days:
            self._values[Kind.DATE].add("today")

    def _learn_named_days(self, claim: Claim) -> None:
        for value in claim.values:
            if isinstance(value, tuple) and value[0] == "weekday":
                self._weekdays_named.add(next_weekday(value[1], self._today))

    # What else holds, by kind: where the value itself was not seen.

    def _price(self, value: Any) -> bool:
        return isinstance(value, int) and value / 100 in self._bare[Kind.PRICE]

    def _date(self, value: Any) -> bool:
        """A day of any month."""
        if not isinstance(value, tuple) or value[0] != "day":
            return False
        dates = (each for each in self._values[Kind.DATE] if isinstance(each, tuple))
        return any(isinstance(month, int) and day == value[1] for month, day in dates)

    def _time(self, value: Any) -> bool:
        hour = value / 60
        return hour in self._bare[Kind.TIME] or (hour > _NOON and hour - _NOON in self._bare[Kind.TIME])

    def _term(self, value: Any) -> bool:
        """Four days ahead is the day that was named."""
        unit, number = value
        return unit == "ahead" and number % 1 == 0 and self._today + timedelta(days=int(number)) in self._coming

    def _address(self, value: Any) -> bool:
        names, house, is_named = value
        return self._streets.know(names, house, is_named=is_named)

    def _order(self, value: Any) -> bool:
        return value in self._runs

    def _phone(self, value: Any) -> bool:
        return any(run.endswith(value) for run in self._runs)

    def _size(self, value: Any) -> bool:
        """A part of a known size; a size the caller named in pieces."""
        known = [size for size in self._values[Kind.SIZE] if isinstance(size, tuple) and len(size) == len(value)]
        if None in value and any(all(a in (None, b) for a, b in zip(value, size, strict=True)) for size in known):
            return True
        return all(part is None or part in self._bare[Kind.SIZE] for part in value)

    def _stock(self, value: Any) -> bool:
        """Whole sets of what there is; as many as the caller wants, if there are as many."""
        known = [each for each in self._values[Kind.STOCK] if isinstance(each, int | float)]
        if isinstance(value, tuple):
            return value[0] == "sets" and any(each // _SET == value[1] for each in known)
        return value in self.quantities and value in self._bare[Kind.STOCK] and value <= max(known, default=0)

    def _number(self, value: Any) -> bool:
        if str(value) in self._runs:
            return True
        is_near = value in (self._today.year, self._today.year + 1)
        return value in _CAR_YEARS and (is_near or value % _CENTURY in self._spoken)

    def _any(self, value: Any) -> bool:
        return True


_CHECKS: Final[Mapping[Kind, Callable[[Evidence, Any], bool]]] = {
    Kind.PRICE: Evidence._price,
    Kind.DATE: Evidence._date,
    Kind.TIME: Evidence._time,
    Kind.TERM: Evidence._term,
    Kind.ADDRESS: Evidence._address,
    Kind.ORDER: Evidence._order,
    Kind.PHONE: Evidence._phone,
    Kind.SIZE: Evidence._size,
    Kind.STOCK: Evidence._stock,
    Kind.NUMBER: Evidence._number,
    Kind.COUNT: Evidence._any,
}
