"""Cuts the model's stream into sentences for the voice, each as soon as it is whole.

Before: `dialogue.agent` (text deltas). After: the voice, which speaks one piece at a time.

A piece that leaves early sounds early; a piece cut in the wrong place sounds wrong: «вул.» is no end, nor is the dot
of «2 350.50». So each possible end is decided by the text up to a bounded look-ahead and never by how the deltas were
cut: the same text gives the same sentences. `?`, `!` and a line break end a sentence at once; a dot waits for the next
character, after a number or an abbreviation that may close a sentence («4 шт. Доставка…») for the next word. The first
piece of a reply may leave at a comma, because until it leaves the caller hears nothing.
"""

import re
from typing import Final

FIRST_CLAUSE_CHARS: Final = 25
"""The first piece may end at a comma or dash from here on: some 1.5 s of speech to synthesise the rest behind."""
REST_CHARS: Final = 30
"""... if its sentence goes on for at least this long."""
QUOTE_CHARS: Final = 120
"""A quotation that has not closed after this many characters was none."""

_NEVER_LAST: Final = re.compile(
    r"вул|просп|пр|пл|бул|бульв|буд|кв|корп|оф|смт|ім|проф|див|напр|тел|м|с|п|пп|ст|св", re.IGNORECASE
)
"""Abbreviations always followed by what they name."""
_MAYBE_LAST: Final = re.compile(
    r"грн|коп|шт|год|хв|сек|км|кг|мм|см|т|д|ін|рр|р|млн|тис|дн|од|обл|р-н|.*\d", re.IGNORECASE
)
"""Abbreviations and numbers that may also close a sentence: before a capital letter they do."""

_CANDIDATE: Final = re.compile(r"[.…!?\n«»“”\",;—–]")
_TERMINATORS: Final = frozenset(".…!?")
_LAST_WORD: Final = re.compile(r"[\w'’-]+$")
_INITIAL: Final = re.compile(r"[А-ЯІЇЄҐ]")
_LIST_MARKER: Final = re.compile(r"\A\s*(?:[-*•–—>]|#{1,6}|\d{1,2}[.)])\s+")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKUP: Final = re.compile(r"\*\*|__|~~|`+|(?<!\w)\*|\*(?!\w)")
_TAIL_OF_A_MARK: Final = "!?.…»” \n\t"
"""What may be left of «?!» or «?..» after the first mark has ended the sentence."""


class SentenceSplitter:
    """Sans-IO. `push` each delta, `flush` at the end; both return the sentences that became whole. One per reply."""

    def __init__(self) -> None:
        self._buffer = ""
        self._first = True
        self._line_start = True

    def push(self, delta: str) -> list[str]:
        self._buffer += delta
        return self._take(ended=False)

    def flush(self) -> list[str]:
        """The stream has ended, or pauses for a tool: what is left is whole."""
        pieces = self._take(ended=True)
        if rest := self._spoken(self._buffer):
            pieces.append(rest)
        self._buffer, self._line_start = "", True
        return pieces

    def _take(self, *, ended: bool) -> list[str]:
        pieces: list[str] = []
        while end := self._end(ended=ended):
            raw, self._buffer = self._buffer[:end], self._buffer[end:]
            if piece := self._spoken(raw):
                pieces.append(piece)
                self._first = False
            self._line_start = raw.endswith("\n")
        return pieces

    def _end(self, *, ended: bool) -> int:
        """The length of the first whole sentence in the buffer, 0 while there is none."""
        text = self._buffer
        quote = -1
        for match in _CANDIDATE.finditer(text):
            at, mark = match.start(), match.group()
            if quote >= 0 and at - quote > QUOTE_CHARS:
                quote = -1
            if _opens_quote(text, at, mark, inside=quote >= 0):
                quote = at
                continue
            closes = mark in "»”" or (mark == '"' and quote >= 0)
            if closes:
                quote = -1
            if quote >= 0 and mark != "\n":
                continue
            is_end = _after_closing_quote(text, at) if closes else self._is_end(text, at, mark)
            if is_end:
                return at + 1
            if is_end is None and not ended:
                break
        return 0

    def _is_end(self, text: str, at: int, mark: str) -> bool | None:
        """Whether the mark at `at` ends a sentence; None: the characters that decide have not arrived."""
        if mark in "!?\n":
            return True
        if mark in ".…":
            is_marker = self._line_start and text[:at].strip().isdigit() and len(text[:at].strip()) <= 2
            return False if is_marker else _dot_ends(text, at)
        return self._first and _clause_ends(text, at, mark)

    def _spoken(self, raw: str) -> str:
        if self._line_start:
            raw = _LIST_MARKER.sub("", raw, count=1)
        return " ".join(_MARKUP.sub("", _LINK.sub(r"\1", raw)).lstrip(_TAIL_OF_A_MARK).split())


def _opens_quote(text: str, at: int, mark: str, *, inside: bool) -> bool:
    if mark == '"':  # after a digit it is an inch
        return not inside and (at == 0 or text[at - 1].isspace() or text[at - 1] == "(")
    return mark in "«“"


def _dot_ends(text: str, at: int) -> bool | None:
    after = text[at + 1 : at + 2]
    if not after:
        return None
    if not after.isspace():
        return False
    found = _LAST_WORD.search(text, max(0, at - 40), at)
    word = found.group() if found else ""
    if _NEVER_LAST.fullmatch(word) or _INITIAL.fullmatch(word):
        return False
    if not word or _MAYBE_LAST.fullmatch(word) or text[at] == "…":
        return _before_capital(text, at)
    return True


def _after_closing_quote(text: str, at: int) -> bool | None:
    """«Як?» Добре: the sentence ends with the quote; «Як?» — спитав: it goes on."""
    if at == 0 or text[at - 1] not in _TERMINATORS:
        return False
    after = text[at + 1 : at + 2]
    if not after:
        return None
    return _before_capital(text, at) if after.isspace() else False


def _before_capital(text: str, at: int) -> bool | None:
    following = text[at + 1 :].lstrip(" \t")
    if not following:
        return None
    return following[0].isupper() or following[0] in '\n«“"'


def _clause_ends(text: str, at: int, mark: str) -> bool | None:
    if mark not in ",;—–" or len(text[:at].strip()) < FIRST_CLAUSE_CHARS:
        return False
    rest = text[at + 1 : at + 1 + REST_CHARS]
    if rest and not rest[0].isspace():
        return False
    if _TERMINATORS & set(rest) or "\n" in rest:
        return False
    return True if len(rest) == REST_CHARS else None
