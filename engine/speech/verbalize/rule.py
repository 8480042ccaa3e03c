"""What a rule is: a pattern, and what a match of it sounds like."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CAPITAL_NEXT: Final = re.compile(r"""\s*$|\s+["«(]?[A-ZА-ЯҐЄІЇ]""")


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: re.Pattern[str]
    spoken: Callable[[re.Match[str]], str]

    def apply(self, text: str) -> str:
        return self.pattern.sub(self.spoken, text)


def rule(pattern: str, spoken: Callable[[re.Match[str]], str], *, ignore_case: bool = True) -> Rule:
    """A rule from a verbose pattern."""
    return Rule(re.compile(pattern, re.VERBOSE | (re.IGNORECASE if ignore_case else 0)), spoken)


def full_stop(match: re.Match[str], dot: str | None) -> str:
    """An abbreviation's dot also ends the sentence if that is where it stands."""
    return "." if dot and CAPITAL_NEXT.match(match.string, match.end()) else ""
