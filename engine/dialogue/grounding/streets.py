"""Which house stands in which street, as data and caller have named them. Pure.

A caller who names a street in Russian is answered in Ukrainian: «Крещатик» is «Хрещатик», «Победы» is «Перемоги».
"""

from collections.abc import Iterable
from typing import Final

from engine.dialogue.grounding.places import stem

_SAME: Final = {
    stem(russian): stem(ukrainian)
    for russian, ukrainian in (
        ("отделение", "відділення"), ("победы", "перемоги"),
        ("железнодорожная", "залізнична"), ("солнечная", "сонячна"), ("лесная", "лісова"),
        ("первомайская", "першотравнева"), ("строителей", "будівельників"), ("цветочная", "квіткова"),
        ("рабочая", "робітнича"), ("больничная", "лікарняна"), ("речная", "річкова"), ("северная", "північна"),
        ("южная", "південна"), ("западная", "західна"), ("восточная", "східна"), ("пушкинская", "пушкінська"),
        ("школьная", "шкільна"), ("октябрьская", "жовтнева"), ("независимости", "незалежності"), ("новая", "нова"),
        ("воскресенская", "воскресенська"), ("зеленая", "зелена"), ("полевая", "польова"), ("заречная", "зарічна"),
        ("мельницкая", "мельницька"), ("соборная", "соборна"), ("сиреневая", "бузкова"), ("вишневая", "вишнева"),
        ("молодежная", "молодіжна"), ("хлебная", "хлібна"), ("почтовая", "поштова"), ("степная", "степова"),
    )
}  # fmt: skip
_ALIKE: Final = 4
"""Letters that two spellings of a name share, from here on: «креща» and «хреща»."""


class Streets:
    def __init__(self) -> None:
        self._houses: dict[str, set[int]] = {}
        self._words: set[str] = set()
        self._last: tuple[str, ...] = ()

    def learn(self, houses: Iterable[tuple[str, int]], words: Iterable[str]) -> None:
        for name, number in houses:
            self._houses.setdefault(name, set()).add(number)
        self._words.update(words)

    def named(self, names: tuple[str, ...], house: int | None) -> None:
        """By the caller; the house may come in another breath."""
        self._last = names
        self._words.update(names)
        if house is not None:
            self.learn(((name, house) for name in names), ())

    def house_came(self, numbers: Iterable[float]) -> None:
        """The caller said a number where a house was to come: it is that of the street named last."""
        self.learn(((name, int(number)) for name in self._last for number in numbers), ())

    def know(self, names: tuple[str, ...], house: int | None, *, is_named: bool) -> bool:
        """`is_named`: whether it is said to be a street. A name and a number may else be anything."""
        if house is None:
            return any(name in self._words for name in names) or any(_alike(names, word) for word in self._words)
        known = {each for name in names for each in self._houses.get(name, ())}
        if not known:
            known = {each for word, each_of in self._houses.items() if _alike(names, word) for each in each_of}
        return house in known or (not known and not is_named)


def _alike(names: tuple[str, ...], word: str) -> bool:
    """Whether `word` is one of them as the other language has it."""
    return any(_SAME.get(word) == name or _differ_in_one(word, name) for name in names)


def _differ_in_one(one: str, other: str) -> bool:
    return len(one) == len(other) > _ALIKE and sum(a != b for a, b in zip(one, other, strict=True)) == 1
