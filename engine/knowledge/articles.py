"""The shop's articles: Markdown files with a front matter, of which `title` and `category` are needed.

---
title: Доставка замовлень
category: delivery
language: uk
valid_until: 2027-03-31
---
Text, with ## headings if it is long.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, get_args

from engine.errors import ConfigError

type Category = Literal[
    "brands", "guides", "faq", "comparisons", "delivery", "payment", "returns", "warranty", "fitting", "general"
]
CATEGORIES: Final[tuple[str, ...]] = get_args(Category.__value__)

_FENCE: Final = "---"
_FIELDS: Final = frozenset({"title", "category", "language", "valid_until"})
_LONGEST_TITLE: Final = 150
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069]")
"""What a reader of the file does not see and a model might: left out."""


@dataclass(frozen=True, slots=True)
class Article:
    """`path` is below the directory it came from. `valid_until` is its last day, by the shop's calendar."""

    path: str
    title: str
    category: str
    text: str
    language: str = "uk"
    valid_until: date | None = None


class NoArticle(ValueError):
    """What somebody wrote is none. `field`: of the front matter, or `text`; empty where the front matter itself cannot
    be read. The message says what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is no article, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a directory holds, by path."""

    articles: tuple[Article, ...]
    broken: tuple[Broken, ...]


def read_directory(directory: Path) -> Reading:
    """All `*.md` of a directory and the folders in it. Raises `ConfigError` where there is none: an empty directory
    is a mistake, not the wish to have no articles."""
    if not directory.is_dir():
        raise ConfigError(f"{directory} is not a directory")
    files = sorted(path for path in directory.rglob("*.md") if path.is_file() or _leads_nowhere(path))
    if not files:
        raise ConfigError(f"there is no article (*.md) in {directory}")
    read = [_read(path, path.relative_to(directory).as_posix()) for path in files]
    return Reading(
        tuple(each for each in read if isinstance(each, Article)),
        tuple(each for each in read if isinstance(each, Broken)),
    )


def _leads_nowhere(path: Path) -> bool:
    """A link whose file is away: a broken article, not one that was removed."""
    return path.is_symlink() and not path.exists()


def _read(file: Path, path: str) -> Article | Broken:
    try:
        return parse_article(path, file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return Broken(path, "not UTF-8")
    except OSError as error:
        return Broken(path, error.strerror or str(error))
    except ValueError as error:
        return Broken(path, str(error))


def parse_article(path: str, source: str) -> Article:
    """Raises `NoArticle`."""
    fields, text = _split(_UNPRINTABLE.sub("", source))
    if unknown := fields.keys() - _FIELDS:
        raise NoArticle("", f"unknown field {min(unknown)!r}; there are: {', '.join(sorted(_FIELDS))}")
    for name in ("title", "category"):
        if not fields.get(name):
            raise NoArticle(name, f"{name} is missing in the front matter")
    if len(fields["title"]) > _LONGEST_TITLE:
        raise NoArticle("title", f"the title is longer than {_LONGEST_TITLE} characters")
    if fields["category"] not in CATEGORIES:
        raise NoArticle("category", f"unknown category {fields['category']!r}; there are: {', '.join(CATEGORIES)}")
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        raise NoArticle("text", "there is no text under the front matter")
    return Article(path, fields["title"], fields["category"], text, _language(fields), _valid_until(fields))


def _split(source: str) -> tuple[Mapping[str, str], str]:
    """The fields and the text under them."""
    lines = source.strip().splitlines()
    if lines[:1] != [_FENCE] or _FENCE not in lines[1:]:
        raise NoArticle("", f"no front matter between two lines of {_FENCE}")
    end = lines.index(_FENCE, 1)
    fields: dict[str, str] = {}
    for line in filter(str.strip, lines[1:end]):
        name, colon, value = line.partition(":")
        name = name.strip().replace("-", "_")
        if not colon or name in fields:
            raise NoArticle("", f"front matter: {line.strip()!r} is not `name: value`, or there twice")
        fields[name] = _unquoted(value.strip())
    return fields, "\n".join(lines[end + 1 :]).strip()


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _language(fields: Mapping[str, str]) -> str:
    language = fields.get("language") or "uk"
    if not _LANGUAGE.fullmatch(language):
        raise NoArticle("language", f"language {language!r}: give two letters, as in uk")
    return language


def _valid_until(fields: Mapping[str, str]) -> date | None:
    if not (value := fields.get("valid_until")):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise NoArticle("valid_until", f"valid_until {value!r}: give a date, as in 2027-03-31") from None
