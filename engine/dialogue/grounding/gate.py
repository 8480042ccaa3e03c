"""The grounding gate: a sentence may be spoken if every value in it comes from the data of the call. Pure.

Before: `dialogue.screen` hands over each sentence of the model. After: the voice, or a question back to the model.

What the model is shown with its request is what it may say: results and passages, the state pinned by code, the
caller's words, the shop's own instructions. Its own earlier words are no evidence, or one lie would vouch for the next.
Examples in the instructions («2 350 грн») show a form and are no fact.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from engine.dialogue.grounding.arithmetic import is_reckoned
from engine.dialogue.grounding.claims import Claim, Kind
from engine.dialogue.grounding.evidence import Evidence
from engine.dialogue.grounding.moments import weekday_of
from engine.dialogue.grounding.reading import Reading, read
from engine.dialogue.llm import Message, Text, ToolOutcome

_EXAMPLE: Final = re.compile(r"«[^»]*»")


class Gate:
    """One per call. `today`: the shop's date when it began."""

    def __init__(self, today: date) -> None:
        self._today = today
        self._evidence = Evidence(today)
        self._learned: set[str] = set()

    def learn(self, system: str, context: str, messages: Iterable[Message]) -> None:
        """What the model is about to be shown. What it was shown before costs nothing."""
        for line in (*_facts(system, self._today), *context.splitlines()):
            self._once(line, self._evidence.learn_data)
        for message in messages:
            for block in message.blocks:
                if isinstance(block, ToolOutcome):
                    self._once(block.content, self._evidence.learn_result)
                elif isinstance(block, Text) and message.role == "user":
                    self._once(block.text, self._evidence.learn_caller)

    def ungrounded(self, sentence: str) -> tuple[Kind, ...]:
        """The kinds of the values in it that come from nowhere; none: it may be spoken."""
        reading = read(sentence, self._today)
        missing = [claim.kind for claim in reading.claims if not self._holds(claim, reading)]
        if _names_a_wrong_weekday(reading, self._today):
            missing.append(Kind.DATE)
        if not missing:
            for kopecks in _amounts(reading):
                self._evidence.learn_price(kopecks)
        return tuple(dict.fromkeys(missing))

    def _holds(self, claim: Claim, reading: Reading) -> bool:
        if self._evidence.holds(claim):
            return True
        beside = [each for each in _amounts(reading) if each not in claim.values]
        return any(
            is_reckoned(value, reading.page.text, beside, reading.numbers, self._evidence)
            for value in claim.values
            if claim.kind is Kind.PRICE and isinstance(value, int)
        )

    def _once(self, text: str, learn: Callable[[str], None]) -> None:
        if text not in self._learned:
            self._learned.add(text)
            learn(text)


def _amounts(reading: Reading) -> list[int]:
    values = (value for claim in reading.claims if claim.kind is Kind.PRICE for value in claim.values)
    return [value for value in values if isinstance(value, int)]


def _names_a_wrong_weekday(reading: Reading, today: date) -> bool:
    """«У середу, 24 листопада», when that is a Tuesday. With one of each only: else who belongs to whom is a guess."""
    weekdays = [
        value
        for claim in reading.claims
        for value in claim.values
        if isinstance(value, tuple) and value[0] == "weekday"
    ]
    if len(weekdays) != 1 or len(reading.days) != 1:
        return False
    return weekdays[0] != ("weekday", weekday_of(*reading.days[0], today))


@lru_cache(maxsize=8)
def _facts(system: str, today: date) -> tuple[str, ...]:
    """The lines of the instructions that state a value: opening hours, say. How to speak is not among them."""
    lines = _EXAMPLE.sub(" ", system).splitlines()
    return tuple(line for line in lines if any(claim.kind is not Kind.COUNT for claim in read(line, today).claims))
