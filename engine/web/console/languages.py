"""The console's texts, one file a language: `texts/<language>.toml`; and which of them a browser is shown.

Pure, but that the files are read once.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_DIRECTORY: Final = Path(__file__).parent / "texts"
LANGUAGES: Final[Mapping[str, str]] = {"uk": "Українська", "en": "English"}
"""By code, as each calls itself. The first is shown to whoever reads none of them."""
_FIRST: Final = next(iter(LANGUAGES))


@dataclass(frozen=True, slots=True)
class Words:
    """`texts`: by dotted name, `calls.title`."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, name: str, /, **values: object) -> str:
        """Raises `KeyError`: a page must not come to have a hole in it."""
        return self.texts[name].format(**values)

    def of(self, group: str, value: object) -> str:
        """What a word of the records (an outcome, a tool) is called; itself where it has no other name."""
        return self.texts.get(f"{group}.{value}", str(value))


def words(language: str) -> Words:
    """Of one of `LANGUAGES`."""
    return Words(language, _texts(language))


def chosen(cookie: str | None, accept_language: str) -> str:
    """What was chosen before, else the one the browser prefers of those there are."""
    if cookie is not None and cookie in LANGUAGES:
        return cookie
    known = ((weight, code) for code, weight in _preferred(accept_language) if code in LANGUAGES)
    return max(known, key=lambda pair: pair[0], default=(0.0, _FIRST))[1]


def _preferred(accept_language: str) -> list[tuple[str, float]]:
    """`uk-UA,en;q=0.7` -> (uk, 1), (en, 0.7)."""
    found = []
    for each in accept_language.split(","):
        name, _, weight = each.partition(";q=")
        try:
            found.append((name.strip().partition("-")[0].lower(), float(weight or 1)))
        except ValueError:
            continue
    return found


@cache
def _texts(language: str) -> Mapping[str, str]:
    with (_DIRECTORY / f"{language}.toml").open("rb") as file:
        return dict(_flat("", tomllib.load(file)))


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        found += _flat(f"{prefix}{name}.", value) if isinstance(value, Mapping) else [(prefix + name, value)]
    return found
