"""Abbreviations without a number, addresses above all."""

import re
from typing import Final

from engine.speech.verbalize.rule import full_stop, rule
from engine.speech.verbalize.vocabulary import ABBREVIATIONS, MAY_END_A_SENTENCE, PLACES

_LOCATIVE: Final = ("на", "у", "в")


def _place(match: re.Match[str]) -> str:
    nominative, locative = PLACES[match["short"].lower()]
    before = match["before"]
    return f"{before} {locative} " if before else f"{nominative} "


def _abbreviation(match: re.Match[str]) -> str:
    short = re.sub(r"\s", "", match[0].lower())
    full = _CLOSED_UP[short]
    return full + full_stop(match, "." if short in _CLOSING else "") + (" " if full == "номер" else "")


def _spaced(short: str) -> str:
    """ "і т.д." also matches "і т. д."."""
    return re.escape(short).replace(r"\.", r"\.\s?").removesuffix(r"\s?").replace(r"\ ", r"\s")


_CLOSED_UP: Final = {short.replace(" ", ""): full for short, full in ABBREVIATIONS.items()}

_CLOSING: Final = {short.replace(" ", "") for short in MAY_END_A_SENTENCE}

ABBREVIATION_RULES: Final = (
    rule(
        rf"(?:\b(?P<before>{'|'.join(_LOCATIVE)})\s+)?(?<![\w.'-])(?P<short>"
        + "|".join(map(re.escape, sorted(PLACES, key=len, reverse=True)))
        + r")(?=\s?[\w«\"])\s?",
        _place,
    ),
    rule(
        r"(?<![\w.'-])(?:" + "|".join(map(_spaced, sorted(ABBREVIATIONS, key=len, reverse=True))) + r")(?![\w'-])",
        _abbreviation,
    ),
)
