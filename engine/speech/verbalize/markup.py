"""What is written but never spoken: markdown, links, ids, emoji; and the clean-up after the other rules."""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_SPELLED: Final = (
    (re.compile("№"), " № "),
    (re.compile(r"\bм\s?[²2](?!\d)"), "кв. м"),
    (re.compile("½"), ",5"),
    (re.compile("[\u2018\u2019\u02bc\u02b9`´](?=\\w)(?<=\\w.)"), "'"),
)
_DROPPED: Final = (
    (re.compile(r"[^\S\n]+"), " "),
    (re.compile(r"```.*?(?:```|$)", re.DOTALL), " "),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),
    (re.compile(r"(?:https?://|www\.)\S+"), " "),
    (re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}"), " "),
    (re.compile(r"<[^<>]{1,200}>"), " "),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), " "),
    (re.compile(r"\b[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+\b"), " "),
    (re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), " "),
    (re.compile(r"^[ \t]*(?:[-*•·–—+]|\d{1,2}[.)]|\#{1,6}|>)[ \t]+", re.MULTILINE), ""),
    (re.compile(r"[*_`#|~]+(?=\D|$)"), " "),
)
_SENTENCE_BREAK: Final = re.compile(r"(?<=[\w%)\"»])[ \t]*\n\s*")
_UNSPEAKABLE: Final = re.compile(r"[^\w\s.,!?;:'\"«»()\u2013\u2014\-\u0301№%]|[\d_]")
_TIDY: Final = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\(\s*\)|\"\s*\"|«\s*»"), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r"(?<!\w)-+|-+(?!\w)"), " \u2014 "),
    (re.compile(r"\s+"), " "),
    (re.compile(r"[\u2013\u2014](?:\s*[\u2013\u2014])+"), "\u2014"),
    (re.compile(r"\s+([.,!?;:)»])"), r"\1"),
    (re.compile(r"([(«])\s+"), r"\1"),
    (re.compile(r"[,;:](?:\s*[,;:])+"), ","),
    (re.compile(r"[,;:]+(?=[.!?])"), ""),
)
_NEVER_FIRST: Final = " .,!?;:)»-\u2013\u2014"
_ROUNDS: Final = 4


def plain(text: str) -> str:
    """Text as written -> one line of plain text with ASCII digits and apostrophes."""
    text = _INVISIBLE.sub("", text)
    for pattern, replacement in _SPELLED:
        text = pattern.sub(replacement, text)
    text = _normal_form(text)
    for pattern, replacement in _DROPPED:
        text = pattern.sub(replacement, text)
    return _SENTENCE_BREAK.sub(". ", text)


def speakable(text: str) -> str:
    """Drop every sign a synthesiser could stumble over, digits of any script included; close the gaps."""
    text = _UNSPEAKABLE.sub(" ", text)
    text = "".join(" " if c.isdigit() else c for c in text) if not text.isascii() else text
    for _ in range(_ROUNDS):
        before = text
        for pattern, replacement in _TIDY:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text.lstrip(_NEVER_FIRST).rstrip()


def _normal_form(text: str) -> str:
    """NFKC, and digits of every script as ASCII. "№" is spared: NFKC would make it "No"."""
    parts = (unicodedata.normalize("NFKC", part) for part in text.split("№"))
    text = "№".join(parts)
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)
