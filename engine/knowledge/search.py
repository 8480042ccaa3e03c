"""Search over the shop's articles by words: what a call needs until it needs vectors.

A question's words weigh by how rare they are among the articles, more in a title than in a text. The score of an
article is the share of the question's weight it covers; below the threshold nothing is found, and the bot says that it
does not know rather than reading out something near.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from engine.knowledge.articles import Article
from engine.knowledge.stems import PREFIX, similar, stems

_TITLE: Final = 1.0
_TEXT: Final = 0.6
_LEAST: Final = 0.3
"""Share of a question's weight below which an article does not answer it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Something to quote. `score`: 0 to 1."""

    title: str
    text: str
    category: str
    score: float


class _Words:
    """The stems of a text, by their first letters: a search runs on the event loop and compares only what may match."""

    def __init__(self, text: str) -> None:
        self._by_prefix: dict[str, set[str]] = {}
        for stem in stems(text):
            self._by_prefix.setdefault(stem[:PREFIX], set()).add(stem)

    def have(self, stem: str) -> bool:
        return any(similar(stem, word) for word in self._by_prefix.get(stem[:PREFIX], ()))


@dataclass(frozen=True, slots=True)
class _Indexed:
    article: Article
    title: _Words
    text: _Words

    def weight_of(self, stem: str) -> float:
        if self.title.have(stem):
            return _TITLE
        return _TEXT if self.text.have(stem) else 0.0


class KnowledgeSearch:
    """An index in memory, built once; searching is fast enough to do in place."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles = [_Indexed(each, _Words(each.title), _Words(each.text)) for each in articles]

    def search(self, query: str, category: str | None = None, limit: int = 3) -> list[Passage]:
        """The best passages, best first; empty when nothing answers. A category puts its own articles first without
        hiding the others: the model's guess of it may be wrong."""
        wanted = dict.fromkeys(stems(query))
        matches = {stem: [each.weight_of(stem) for each in self._articles] for stem in wanted}
        rarity = {stem: self._rarity(weights) for stem, weights in matches.items()}
        total = sum(rarity.values())
        if not total:
            return []
        found = [
            _passage(each.article, self._score(n, matches, rarity) / total) for n, each in enumerate(self._articles)
        ]
        best = sorted((p for p in found if p.score >= _LEAST), key=lambda p: (p.category != category, -p.score))
        return best[:limit]

    def _rarity(self, weights: Sequence[float]) -> float:
        """Inverse document frequency; a word no article has weighs most, for it is what is not answered."""
        return log(1 + len(self._articles) / max(1, sum(weight > 0 for weight in weights)))

    def _score(self, n: int, matches: Mapping[str, Sequence[float]], rarity: Mapping[str, float]) -> float:
        return sum(rarity[stem] * weights[n] for stem, weights in matches.items())


def _passage(article: Article, score: float) -> Passage:
    return Passage(article.title, article.text, article.category, round(score, 3))
