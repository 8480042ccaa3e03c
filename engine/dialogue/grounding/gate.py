"""The grounding gate: a sentence may be spoken if every value in it comes from the data of the call. Pure.

Before: `dialogue.screen` hands over each sentence of the model. After: the voice, or a question back to the model.

What the model is shown with its request is what it may say: results and passages, the state pinned by code, the
caller's words, the shop's own instructions. Its own earlier words are no evidence, or one lie would vouch for the next.
Examples in the instructions («2 350 грн») show a form and are no fact.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from engine.dialogue.grounding.arithmetic import Saying, is_reckoned
from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.evidence import Evidence
from engine.dialogue.grounding.moments import WEEKDAYS, weekday_of
from engine.dialogue.grounding.reading import Reading, read
from engine.dialogue.grounding.results import plain
from engine.dialogue.grounding.tokens import Sort
from engine.dialogue.llm import Message, Text, ToolOutcome, ToolUse

_LEAD: Final = 4
_LONG: Final = 6
"""What is shorter is a word of the language, or a value the store gave too."""
_EXAMPLE: Final = re.compile(r"«[^»]*»")


class Gate:
    """One per call. `today`: the shop's date when it began."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._evidence = Evidence(today)
        self._learned: set[Hashable] = set()
        self._arguments: dict[str, frozenset[str]] = {}

    def learn(self, system: str, context: str, messages: Iterable[Message]) -> None:
        """What the model is about to be shown. What it was shown before costs nothing."""
        for _ in self.learning(system, context, messages):
            pass

    def learning(self, system: str, context: str, messages: Iterable[Message]) -> Iterator[None]:
        """The same step by step, a new sentence each: a loop with other work may do some of it in between."""
        messages = tuple(messages)
        self._note_arguments(messages)
        own = frozenset().union(*self._arguments.values())
        lines = (*_facts(system, self._today), *(_without(line, own) for line in context.splitlines()))
        yield from self._once(((line,) for line in lines), self._evidence.learn_data)
        asked = ""
        for message in messages:
            said = " ".join(block.text for block in message.blocks if isinstance(block, Text))
            if message.role == "assistant":
                asked = said or asked
                continue
            results = (block for block in message.blocks if isinstance(block, ToolOutcome))
            shown = ((each.content, self._arguments.get(each.id, frozenset())) for each in results)
            yield from self._once(shown, self._evidence.learn_result)
            if said:
                yield from self._once(((said, asked),), self._evidence.learn_caller)

    def ungrounded(self, sentence: str, before: str = "") -> tuple[Kind, ...]:
        """The kinds of the values in it that come from nowhere; none: it may be spoken. `before`: what was spoken of
        the same sentence already, which tells what this piece is about."""
        reading = read(sentence, self._today, before)
        missing = [
            claim.kind
            for claim, place in zip(reading.claims, reading.places, strict=True)
            if not self._holds(claim, place, reading)
        ]
        if _names_a_wrong_weekday(reading, self._today):
            missing.append(Kind.DATE)
        if not missing:
            for kopecks in _amounts(reading.claims):
                self._evidence.learn_price(kopecks)
        return tuple(dict.fromkeys(missing))

    def _holds(self, claim: Claim, place: int, reading: Reading) -> bool:
        if self._evidence.holds(claim) or (_says_a_weekday(reading) and self._evidence.named_by_weekday(claim)):
            return True
        is_bare = claim.kind is Kind.NUMBER and reading.page.counts_nothing(place + 1)
        if claim.kind is not Kind.PRICE and not is_bare:
            return False
        saying = _saying(claim, place, reading)
        amounts = (value for value in claim.values if isinstance(value, int | float))
        kopecks = (round(value * 100) if is_bare else int(value) for value in amounts)
        return any(is_reckoned(each, saying, self._evidence) for each in kopecks)

    def _note_arguments(self, messages: Iterable[Message]) -> None:
        """What the model wrote into its tools is no evidence when it comes back out of them."""
        for message in messages:
            for block in message.blocks:
                if isinstance(block, ToolUse) and block.id not in self._arguments:
                    self._arguments[block.id] = frozenset(plain(text) for text in _texts(block.arguments))

    def _once[*Ts](self, texts: Iterable[tuple[*Ts]], learn: Callable[[*Ts], Iterator[None]]) -> Iterator[None]:
        for each in texts:
            if each not in self._learned:
                yield from learn(*each)
                self._learned.add(each)  # now, not before: a turn cancelled in the middle learns it again


def _texts(node: Any) -> Iterator[str]:
    match node:
        case str():
            yield node
        case Mapping():
            for each in node.values():
                yield from _texts(each)
        case list():
            for each in node:
                yield from _texts(each)


def _without(line: str, arguments: Iterable[str]) -> str:
    """A line of the state that quotes the model's own words, an address say, without them."""
    folded = line.casefold()
    for own in arguments:
        if len(own) >= _LONG and not own.isascii() and (at := folded.find(own)) >= 0:
            folded = folded[:at] + folded[at + len(own) :]
            line = line[:at] + line[at + len(own) :]
    return line


def _saying(claim: Claim, place: int, reading: Reading) -> Saying:
    page = reading.page
    lead = " ".join(page.at(index).text for index in range(max(0, place - _LEAD), place))
    claims = (*reading.begun, *reading.claims)
    beside = [each for each in _amounts(claims) if each not in claim.values]
    counts = {token.value for token in page.tokens if token.sort is Sort.NUMBER}
    per_cents = [
        value[1]
        for each in claims
        for value in each.values
        if each.kind is Kind.PRICE and isinstance(value, tuple) and value[0] == "%"
    ]
    return Saying(page.text, lead, beside, counts, per_cents)


def _amounts(claims: Iterable[Claim]) -> list[int]:
    values = (value for claim in claims if claim.kind is Kind.PRICE for value in claim.values)
    return [value for value in values if isinstance(value, int)]


def _says_a_weekday(reading: Reading) -> bool:
    """Also in a question, where it claims nothing."""
    return any(token.text in WEEKDAYS for token in reading.page.tokens)


def _weekdays(reading: Reading) -> list[tuple[Any, ...]]:
    claims = (*reading.begun, *reading.claims)
    values = (value for claim in claims if claim.kind is Kind.DATE for value in claim.values)
    return [value for value in values if isinstance(value, tuple) and value[0] == "weekday"]


def _names_a_wrong_weekday(reading: Reading, today: date) -> bool:
    """«У середу, 24 листопада», when that is a Tuesday. With one of each only: else who belongs to whom is a guess."""
    weekdays = _weekdays(reading)
    if len(weekdays) != 1 or len(reading.days) != 1:
        return False
    return weekdays[0] != ("weekday", weekday_of(*reading.days[0], today))


@lru_cache(maxsize=8)
def _facts(system: str, today: date) -> tuple[str, ...]:
    """The lines of the instructions that state a value: opening hours, say. How to speak is not among them."""
    lines = _EXAMPLE.sub(" ", system).splitlines()
    return tuple(
        line
        for line in lines
        if any(claim.kind is not Kind.COUNT for claim in read(line, today, is_evidence=True).claims)
    )
