"""Two lists of chunks, one found by words and one by vectors, become one list of articles. Pure.

Ranks are fused, not scores (reciprocal rank fusion, Cormack, SIGIR 2009): scores of the two have nothing in common.
Whether an article answers at all is another question, and there the scores count: the share of the question's weight
that its words cover, and how near its vector is. Below the threshold nothing is found, and the bot says that it does
not know rather than reading out something near.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_RANKS: Final = 3
"""Smooths the fusion: the larger, the less the first of a list outweighs the next. 60 is right for long lists of which
many are read; here only three are."""
_SAME_CATEGORY: Final = 1.35
"""A preference, not a wall: it outweighs one place, for the model's guess of a category may be wrong."""
_WORDS_ALONE: Final = 0.34
"""Share of the question's weight that must be covered where there are no vectors."""
_WORDS_FAR: Final = 0.45
"""The same where there are, and the article is not among the nearest."""
_ENOUGH: Final = 0.9
"""Of the share covered and similarity (by its scale) together. Fitted to the shipped questions and every other one of
the everyday ones (ops/seed): what it lets through of those nobody answers is what they cost to keep out."""


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk and its article."""

    chunk_id: int
    path: str
    title: str
    category: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """`score`: 0 to 1, of whichever list it is in."""

    found: Found
    score: float


@dataclass(frozen=True, slots=True)
class Scale:
    """What similarity means with a model: cosines of `unrelated` texts and of a question and what answers it."""

    unrelated: float
    answering: float

    def of(self, similarity: float) -> float:
        """0 unrelated, 1 answering; may be beyond both."""
        return (similarity - self.unrelated) / (self.answering - self.unrelated)


_SCALES: Final[Mapping[str, Scale]] = {"multilingual-e5-small-q4": Scale(0.74, 0.87)}
"""By model, as `callctl knowledge search --explain` shows them."""
_USUAL: Final = Scale(0.5, 0.75)


def scale_of(model: str) -> Scale:
    return _SCALES.get(model, _USUAL)


@dataclass(frozen=True, slots=True)
class Ranked:
    """An article, and the chunk of it to quote. `words`: share of the question covered. `similarity`: cosine, None
    without vectors. `score`: of the fusion, comparable within one search only."""

    found: Found
    words: float
    similarity: float | None
    score: float
    answers: bool


def rank(
    by_words: Sequence[Hit], by_vectors: Sequence[Hit], scale: Scale | None, category: str | None = None
) -> list[Ranked]:
    """Both lists best first. Each article once, best first. `scale` None: no vectors could be asked."""
    words, vectors = _articles(by_words), _articles(by_vectors)
    points = _points(words, vectors)
    best = _best_chunks(by_words, by_vectors)
    ranked = [
        _ranked(best[path], words.get(path, 0.0), vectors.get(path), points[path], scale, category) for path in points
    ]
    return sorted(ranked, key=lambda each: -each.score)


def _articles(hits: Iterable[Hit]) -> Mapping[str, float]:
    """Each article with the score of its best chunk, best first."""
    scores: dict[str, float] = {}
    for hit in hits:
        scores.setdefault(hit.found.path, hit.score)
    return scores


def _points(*lists: Mapping[str, float]) -> Mapping[str, float]:
    points: dict[str, float] = {}
    for scores in lists:
        for place, path in enumerate(scores):
            points[path] = points.get(path, 0.0) + 1 / (_RANKS + place)
    return points


def _best_chunks(*lists: Sequence[Hit]) -> Mapping[str, Found]:
    """Of each article the chunk to quote: the one both lists together put first."""
    points: dict[int, float] = {}
    chunks: dict[int, Found] = {}
    for hits in lists:
        for place, hit in enumerate(hits):
            chunks[hit.found.chunk_id] = hit.found
            points[hit.found.chunk_id] = points.get(hit.found.chunk_id, 0.0) + 1 / (_RANKS + place)
    return {chunks[number].path: chunks[number] for number in sorted(points, key=points.__getitem__)}


def _ranked(
    found: Found, words: float, similarity: float | None, points: float, scale: Scale | None, category: str | None
) -> Ranked:
    score = points * (_SAME_CATEGORY if found.category == category else 1.0)
    return Ranked(found, words, similarity, score, _answers(words, similarity, scale))


def _answers(words: float, similarity: float | None, scale: Scale | None) -> bool:
    if scale is None:
        return words >= _WORDS_ALONE
    if similarity is None:
        return words >= _WORDS_FAR
    return words + scale.of(similarity) >= _ENOUGH
