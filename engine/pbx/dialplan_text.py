"""What is said of a call, made safe for a dialplan: a channel variable, a caller-id name, a SIP header. Pure.

In a dialplan `${}` and `[]` are evaluated, commas and semicolons part arguments, quotes group; in a header brackets,
quotes and line ends have meanings of their own. Hence a list of what may stay, and a space for everything else.
"""

import unicodedata
from typing import Final

_KEPT: Final = frozenset(" .:!?/+-–—№°%")
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("'’`´", "ʼ"))
MAX_CHARACTERS: Final = 200


def plain(text: str, *, limit: int = MAX_CHARACTERS) -> str:
    """One line of at most `limit` characters, cut between words where it must be."""
    composed = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    kept = "".join(character if character.isalnum() or character in _KEPT or character == "ʼ" else " "
                   for character in composed)  # fmt: skip
    line = " ".join(kept.split())
    if len(line) <= limit:
        return line
    cut = line[: limit + 1].rpartition(" ")[0]
    return cut or line[:limit]
