"""What a text teaches: everything a sentence of it would vouch for, read once however many calls are shown it. Pure.

Before: `reading`. After: `evidence`, which gathers the lessons of one call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from engine.dialogue.grounding.claims import Claim
from engine.dialogue.grounding.places import known_houses, known_words
from engine.dialogue.grounding.reading import Reading, read
from engine.dialogue.grounding.tokens import Sort

_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+(?=[А-ЯҐЄІЇA-Z«])|\n+")
_DAYS_NAMED: Final = (
    (re.compile(r"\b(?:щодн|кожного дня|без вихідних|ежедневн|без выходных)"), range(7)),
    (re.compile(r"\b(?:будн|робочі дні|рабочие дни)"), range(5)),
    (re.compile(r"\b(?:вихідн|выходн)"), range(5, 7)),
)
_LONGEST_RUN: Final = 12
_DIGITS: Final = (Sort.NUMBER, Sort.NAME, Sort.CODE, Sort.PHONE)


@dataclass(frozen=True, slots=True)
class Lesson:
    claims: tuple[Claim, ...]
    numbers: frozenset[float]
    days: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    """Named all at once: «щодня», «у будні»."""
    runs: frozenset[str]
    """Digits as written, and dictated piece by piece, joined every way that makes a code."""
    houses: frozenset[tuple[str, int]]
    words: frozenset[str]


def lessons(text: str, today: date) -> Iterator[Lesson]:
    """Of a text of the shop's or the store's, one a sentence."""
    return (_of_sentence(sentence, today) for sentence in _SENTENCES.split(text))


@lru_cache(maxsize=2048)
def _of_sentence(sentence: str, today: date) -> Lesson:
    """The same articles and tyres are shown in many calls."""
    return lesson(read(sentence, today, is_evidence=True))


def lesson(reading: Reading) -> Lesson:
    named = (days for pattern, days in _DAYS_NAMED if pattern.search(reading.page.text))
    return Lesson(
        reading.claims,
        reading.numbers,
        tuple(reading.days),
        frozenset(day for days in named for day in days),
        frozenset(_runs(reading)),
        frozenset(known_houses(reading.page)),
        frozenset(known_words(reading.page)),
    )


def _runs(reading: Reading) -> Iterator[str]:
    run: list[str] = []
    for token in (*reading.page.tokens, None):
        if token is not None and token.digits and token.sort in _DIGITS:
            run.append(token.digits)
        elif run and (token is None or token.text not in (",", "-", "/")):
            run = run[:_LONGEST_RUN]
            yield from ("".join(run[i:j]) for i in range(len(run)) for j in range(i + 1, len(run) + 1))
            run = []
