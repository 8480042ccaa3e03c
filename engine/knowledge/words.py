"""Text as PostgreSQL's full text search takes it: stems as lexemes, those of the heading marked A. Pure.

A misheard word has the sound of the right one, more or less: `sound` writes a stem in Latin letters so that letters
that sound alike are one. What PostgreSQL knows of letters beyond ASCII depends on its locale; of these it needs none.
"""

from collections.abc import Iterable
from typing import Final

from engine.knowledge.stems import stems

_LONGEST: Final = 60
"""Letters of a lexeme; PostgreSQL's limit is 2,046 bytes."""
_POSITIONS: Final = 16_000
"""Of lexemes in a text, at most; PostgreSQL knows 16,383."""
_SOUNDS: Final = str.maketrans(
    {"а": "a", "б": "p", "в": "v", "г": "h", "д": "t", "е": "e", "ж": "sh", "з": "s", "и": "i", "й": "i", "к": "k",
     "л": "l", "м": "m", "н": "n", "о": "a", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h",
     "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ы": "i", "ю": "iu", "я": "ia", "d": "t", "b": "p",
     "z": "s", "w": "v", "y": "i", "g": "h", "q": "k", "c": "k", "o": "a"}
)  # fmt: skip
_HEADING: Final = "A"


def lexemes(text: str) -> list[str]:
    """Its stems, in order, fit for a tsvector."""
    return [stem[:_LONGEST] for stem in stems(text)]


def tsvector(heading: str, text: str) -> str:
    """To be cast to tsvector. A stem is of letters and digits only: there is nothing to escape."""
    in_heading, in_text = lexemes(heading), lexemes(text)
    marked = [(lexeme, _HEADING) for lexeme in in_heading] + [(lexeme, "") for lexeme in in_text]
    return " ".join(f"'{lexeme}':{at}{tag}" for at, (lexeme, tag) in enumerate(marked[:_POSITIONS], 1))


def tsquery(words: Iterable[str], tag: str = "") -> str:
    """Any of the lexemes; to be cast to tsquery. `tag` A: in the heading."""
    return " | ".join(f"'{word}'{':' + tag if tag else ''}" for word in words)


def sound(stem: str) -> str:
    """In Latin letters, doubled ones once."""
    written = stem.translate(_SOUNDS)
    return "".join(letter for at, letter in enumerate(written) if letter != written[at - 1 : at])
