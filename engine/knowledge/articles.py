"""The shop's articles: Markdown files with a front matter of `title` and `category`.

---
title: Доставка
category: delivery
---
Text.
"""

from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    category: str
    text: str


def load_articles(directory: Path) -> tuple[Article, ...]:
    """All `*.md` of a directory, by name. Raises `ConfigError` naming the file that cannot be read."""
    if not directory.is_dir():
        raise ConfigError(f"KNOWLEDGE_DIRECTORY: {directory} is not a directory")
    return tuple(_read(path) for path in sorted(directory.glob("*.md")))


def _read(path: Path) -> Article:
    try:
        return parse_article(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"KNOWLEDGE_DIRECTORY: {path.name}: {error}") from error


def parse_article(source: str) -> Article:
    """Raises `ValueError` when the front matter or the text is missing."""
    start, fence, rest = source.partition("---\n")
    header, closing, text = rest.partition("\n---\n")
    if start.strip() or not fence or not closing:
        raise ValueError("no front matter between two lines of ---")
    fields = dict(line.split(":", 1) for line in header.splitlines() if ":" in line)
    title, category = (fields.get(name, "").strip() for name in ("title", "category"))
    if not (title and category and text.strip()):
        raise ValueError("title, category and text are needed")
    return Article(title, category, text.strip())
