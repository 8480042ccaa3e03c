"""How well questions find their articles. Pure but for the search it is given.

A file of questions is TOML: a table for each kind of question (`uk`, `ru`, `mixed`), in it each article's path and what
is asked that it answers; under `nothing` those no article answers.

[uk]
"delivery.md" = ["Скільки коштує доставка?"]
[ru]
nothing = ["Какая завтра погода?"]
"""

import tomllib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import ConfigError

AT: Final = 3
"""Recall is of the first three articles: as many as a model is given."""
BAR: Final = 0.92
_NOTHING: Final = "nothing"

type Find = Callable[[str], Awaitable[Sequence[str]]]
"""A question -> the paths of the articles that answer it, best first."""


@dataclass(frozen=True, slots=True)
class Question:
    """`article`: the path of the one that answers it; None: there is none."""

    kind: str
    text: str
    article: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    question: Question
    found: tuple[str, ...]

    @property
    def right(self) -> bool:
        if self.question.article is None:
            return not self.found
        return self.question.article in self.found[:AT]

    @property
    def first(self) -> bool:
        return self.found[:1] == (self.question.article,)


@dataclass(frozen=True, slots=True)
class Recall:
    """Of the questions of a kind. `nothing`: those that have no answer, and how many of them found none."""

    kind: str
    questions: int
    found: int
    first: int
    nothing: int
    nothing_found: int

    @property
    def recall(self) -> float:
        return self.found / self.questions if self.questions else 1.0


def read_questions(file: Path) -> list[Question]:
    """Raises `ConfigError` that says what is wrong with the file."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
    questions = []
    for kind, articles in tables.items():
        if not isinstance(articles, dict):
            raise ConfigError(f"{file}: {kind} is not a table of articles and what is asked of them")
        for path, texts in articles.items():
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise ConfigError(f"{file}: [{kind}] {path}: give a list of questions")
            questions += [Question(kind, text, None if path == _NOTHING else path) for text in texts]
    if not questions:
        raise ConfigError(f"{file}: there is no question in it")
    return questions


async def ask_all(questions: Iterable[Question], find: Find, told: Callable[[Asked], None]) -> list[Asked]:
    """One after the other, as a caller would."""
    asked = []
    for question in questions:
        asked.append(Asked(question, tuple(await find(question.text))))
        told(asked[-1])
    return asked


def recalls(asked: Sequence[Asked]) -> list[Recall]:
    """By kind in the order of the file, and last of all together."""
    kinds = list(dict.fromkeys(each.question.kind for each in asked))
    each = [_recall(kind, [one for one in asked if one.question.kind == kind]) for kind in kinds]
    return [*each, _recall("all", asked)]


def _recall(kind: str, asked: Sequence[Asked]) -> Recall:
    answered = [each for each in asked if each.question.article is not None]
    others = [each for each in asked if each.question.article is None]
    return Recall(
        kind, len(answered), sum(each.right for each in answered), sum(each.first for each in answered),
        len(others), sum(each.right for each in others),
    )  # fmt: skip
