"""What the model writes -> what a Ukrainian synthesiser can say: no digits, no signs, no markup.

Before: sentences of the dialogue. After: the synthesiser. Pure; never raises; its own output passes through unchanged.

How: plain text first, then an ordered table of small rules, each a pattern and how a match sounds. Codes come before
quantities because a tyre size looks like a fraction and a telephone like a large number; the last rules catch whatever
number is left.
"""

import re
from typing import Final

from engine.speech.verbalize.abbreviations import ABBREVIATION_RULES
from engine.speech.verbalize.codes import CODES
from engine.speech.verbalize.markup import plain, speakable
from engine.speech.verbalize.moments import MOMENTS, WEEKDAY_RANGE
from engine.speech.verbalize.quantities import QUANTITIES

__all__ = ["verbalize"]

_NUMBERS: Final = (*MOMENTS, *CODES, *QUANTITIES)
_WORDS: Final = (WEEKDAY_RANGE, *ABBREVIATION_RULES)
"""Rules without digits in their patterns see text without digits: only so is the output final."""

_DIGIT: Final = re.compile(r"\d")
_MOST_ROUNDS: Final = 8
"""An expansion may put two other abbreviations side by side ("м.м."). Sentences need one round and one to see it."""


def verbalize(text: str) -> str:
    """`text` in words, on one line."""
    text = plain(text)
    for rule in _NUMBERS:
        if not _DIGIT.search(text):
            break
        text = rule.apply(text)
    text = speakable(text)
    for _ in range(_MOST_ROUNDS):
        before = text
        for rule in _WORDS:
            text = rule.apply(text)
        text = speakable(text)
        if text == before:
            break
    return text
