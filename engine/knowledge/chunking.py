"""Cuts an article into what is embedded and quoted: by headings, then by sentences. Pure.

A model reads so many tokens and no more; what is longer it silently does not see. Tokens are counted without its
tokenizer and so that the count is too high rather than too low: letters two to a token (Ukrainian has about three),
everything else one to a token. Smaller pieces than the window allows are found more precisely, and cost the turn less.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WINDOW_TOKENS: Final = 512
"""Of the smallest model there is a provider for."""
_SPARE: Final = 16
"""Tokens the provider adds: what kind of text it is, beginning and end."""
_LETTER: Final = 1
_OTHER: Final = 2
_ROOM: Final = 2 * (WINDOW_TOKENS - _SPARE)
_PIECE: Final = 500
"""What a text is cut to: two to four sentences that speak of one thing."""
_HEADING_ROOM: Final = _ROOM - _PIECE - _OTHER
_OVERLAP: Final = 160
"""A last sentence no longer than this is repeated at the beginning of the next piece. All in half tokens."""

_HEADING: Final = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
_ITEM: Final = r"\s*(?:[-*+|]|\d+[.)])\s"
_IS_ITEM: Final = re.compile(_ITEM)
_SENTENCE_END: Final = re.compile(rf"(?<=[.!?…])\s+|\n(?={_ITEM})")
_BETWEEN: Final = " / "


@dataclass(frozen=True, slots=True)
class Chunk:
    """`heading`: the article's title and the headings above the text."""

    heading: str
    text: str


def size(text: str) -> int:
    """In half tokens, rather too many than too few."""
    return sum(_LETTER if each.isalpha() or each == " " else _OTHER for each in text)


def cut(title: str, text: str) -> list[Chunk]:
    """In order; all of the text is in some chunk, and each fits the window together with its heading."""
    chunks = []
    for headings, body in _sections(text):
        heading = _fit(_BETWEEN.join([title, *headings]), _HEADING_ROOM)
        chunks += [Chunk(heading, piece) for piece in _pieces(body, _PIECE)]
    return chunks


def _sections(text: str) -> Iterator[tuple[list[str], str]]:
    """(headings above, text) of each stretch that has a text."""
    above: dict[int, str] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if match := _HEADING.fullmatch(line.strip()):
            if any(map(str.strip, lines)):
                yield list(above.values()), "\n".join(lines)
            level = len(match[1])
            above = {at: heading for at, heading in above.items() if at < level} | {level: match[2]}
            lines = []
        else:
            lines.append(line)
    if any(map(str.strip, lines)):
        yield list(above.values()), "\n".join(lines)


def _pieces(body: str, room: int) -> Iterator[str]:
    """Whole sentences, as many as there is room for; paragraphs stay apart."""
    piece = ""
    last = ""
    for gap, sentence in _sentences(body, room):
        if piece and size(piece + gap + sentence) > room:
            yield piece
            piece = last if size(last) <= _OVERLAP and size(last + gap + sentence) <= room else ""
        piece = piece + gap + sentence if piece else sentence
        last = sentence
    if piece:
        yield piece


def _sentences(body: str, room: int) -> Iterator[tuple[str, str]]:
    """(what stood before it, a sentence or a line), none larger than the room."""
    for paragraph in re.split(r"\n\s*\n", body):
        gap = "\n\n"
        for sentence in filter(str.strip, _SENTENCE_END.split(paragraph)):
            gap = gap or ("\n" if _IS_ITEM.match(sentence) else " ")
            for part in _parts(" ".join(sentence.split()), room):
                yield gap or " ", part
                gap = ""


def _parts(sentence: str, room: int) -> Iterator[str]:
    """A sentence that is too large, by words; a word that is too large, by letters."""
    part = ""
    for word in sentence.split(" ") if size(sentence) > room else (sentence,):
        longer = f"{part} {word}" if part else word
        if size(longer) <= room:
            part = longer
            continue
        if part:
            yield part
        *full, part = _cut_word(word, room)
        yield from full
    if part:
        yield part


def _cut_word(word: str, room: int) -> list[str]:
    step = room // _OTHER
    return [word[at : at + step] for at in range(0, len(word), step)]


def _fit(heading: str, room: int) -> str:
    """The beginning of it that fits."""
    while size(heading) > room:
        heading = heading[: len(heading) * 9 // 10].rstrip()
    return heading


def embedded_text(chunk: Chunk) -> str:
    """What a model is given of it, and what its hash is of."""
    return f"{chunk.heading}\n{chunk.text}"
