"""The two halves of a search as PostgreSQL does them: by words and by vectors. What runs in a thread; no decisions.

A question's words weigh by how rare they are among the chunks, more in a heading than in a text. Only the rarer ones
look chunks up, since the common ones are in nearly all of them; all of them count when those are weighed.

How wide the indexes are searched is told to the connection (engine/database/connections.py, `WIDTHS`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Final

from engine.database import Names, Row, Statements
from engine.knowledge.ranking import Found, Hit
from engine.knowledge.stems import PREFIX, similar
from engine.knowledge.words import sound, tsquery

CANDIDATES: Final = 40
"""Chunks of each half."""
_WEIGHED: Final = 400
"""Chunks weighed by words, at most."""
_HEARD: Final = 5
"""Letters of a stem of which so much can be said."""
_MISHEARD: Final = 0.7
_IN_TEXT: Final = 0.6

_FORMS: Final = """
    SELECT asked.stem, known.word, known.chunks,
           (SELECT greatest(reltuples, 1)::float FROM pg_class WHERE oid = 'chunks'::regclass) AS total
    FROM unnest(%(stems)s::text[]) AS asked(stem) LEFT JOIN chunk_words AS known
      ON known.word >= left(asked.stem, %(prefix)s) AND known.word < left(asked.stem, %(prefix)s) || chr(1114111)"""
_SOUNDS: Final = """
    SELECT asked.stem, near.word, near.chunks
    FROM unnest(%(stems)s::text[], %(sounds)s::text[]) AS asked(stem, sound) CROSS JOIN LATERAL (
        SELECT word, chunks, similarity(chunk_words.sound, asked.sound) AS alike FROM chunk_words
        WHERE chunk_words.sound %% asked.sound ORDER BY alike DESC LIMIT 2) AS near"""
_BY_WORDS: Final = """
    SELECT chunks.id AS chunk_id, path, title, category, heading, chunks.text, weighed.score
    FROM (SELECT looked_up.id, (
              SELECT sum(weight * CASE WHEN NOT looked_up.words @@ anywhere THEN 0
                                  WHEN looked_up.words @@ in_heading THEN 1 ELSE %(in_text)s END)
              FROM unnest(%(anywhere)s::tsquery[], %(in_heading)s::tsquery[], %(weights)s::float[])
                   AS terms(anywhere, in_heading, weight)) AS score
          FROM (SELECT id, words FROM chunks
                WHERE words @@ %(driving)s::tsquery
                  AND article_id <> ALL (ARRAY(SELECT id FROM articles WHERE valid_until < %(today)s))
                LIMIT %(weighed)s) AS looked_up
          ORDER BY score DESC, id LIMIT %(candidates)s) AS weighed
         JOIN chunks USING (id) JOIN articles ON articles.id = article_id
    ORDER BY score DESC, chunk_id"""
_BY_VECTOR: Final = """
    SELECT chunks.id AS chunk_id, path, title, category, heading, chunks.text, 1 - distance AS score
    FROM (SELECT chunk_hash, embedding <=> %(vector)s::vector AS distance FROM {table}
          WHERE EXISTS (SELECT FROM chunks JOIN articles ON articles.id = article_id
                        WHERE hash = chunk_hash AND (valid_until IS NULL OR valid_until >= %(today)s) OFFSET 0)
          ORDER BY embedding::halfvec({dimensions}) <=> %(vector)s::halfvec({dimensions})
          LIMIT %(candidates)s) AS nearest
         JOIN chunks ON chunks.hash = chunk_hash JOIN articles ON articles.id = article_id
    WHERE valid_until IS NULL OR valid_until >= %(today)s
    ORDER BY distance, chunk_id"""
"""Whether a vector's article is there and valid is asked of each as the index hands it out: OFFSET 0 keeps it from
becoming a join with all of them."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A word of the question and what it may be among the words there are. `weight`: of all that was asked. `worth`:
    of that, what is covered by finding it."""

    words: tuple[str, ...]
    chunks: int
    weight: float
    worth: float


def by_words(statements: Statements, stems: Sequence[str], today: date) -> list[Hit]:
    """The chunks that cover most of the question's weight, best first. `today`: expired articles are left out."""
    terms = _terms(statements, list(dict.fromkeys(stems)))
    known = sorted((term for term in terms if term.words), key=lambda term: term.chunks)
    if not known:
        return []
    weight = sum(term.weight for term in terms)
    found = statements.fetch(_BY_WORDS, {
        "anywhere": [tsquery(term.words) for term in known], "weights": [term.worth / weight for term in known],
        "in_heading": [tsquery(term.words, "A") for term in known], "in_text": _IN_TEXT, "today": today,
        "driving": tsquery(_driving(known)), "weighed": _WEIGHED, "candidates": CANDIDATES,
    }, once=True)  # a plan for any word reads all chunks for a rare one  # fmt: skip
    return [_hit(row) for row in found]


def by_vector(statements: Statements, vectors: Names, vector: str, today: date) -> list[Hit]:
    """The chunks nearest to a question's vector (written as pgvector does), nearest first. `vectors`: the set's
    `names`. Where the nearest are mostly of old promotions the index is asked again, to go on until there are enough:
    being able to costs it a tenth, so it is not told at once."""
    asked = {"vector": vector, "candidates": CANDIDATES, "today": today}
    rows = statements.fetch(_BY_VECTOR, asked, names=vectors)
    if len(rows) < CANDIDATES:
        with statements.transaction():
            statements.execute("SET LOCAL hnsw.iterative_scan = strict_order")
            rows = statements.fetch(_BY_VECTOR, asked, names=vectors)
    return [_hit(row) for row in rows]


def _terms(statements: Statements, asked: Sequence[str]) -> list[_Term]:
    """Of each word its forms, or else what it sounds like. A word that is nowhere weighs most, for it is what is not
    answered."""
    rows = statements.fetch(_FORMS, {"stems": asked, "prefix": PREFIX})
    total: float = rows[0]["total"]
    forms = _by_stem(row for row in rows if row["word"] is not None and similar(row["stem"], row["word"]))
    strange = [stem for stem in asked if stem not in forms and len(stem) >= _HEARD]
    asked_sounds = {"stems": strange, "sounds": [sound(stem) for stem in strange]}
    heard = _by_stem(statements.fetch(_SOUNDS, asked_sounds)) if strange else {}
    return [_term(forms.get(stem) or heard.get(stem, ()), total, 1.0 if stem in forms else _MISHEARD) for stem in asked]


def _by_stem(rows: Iterable[Row]) -> Mapping[str, Sequence[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["stem"], []).append(row)
    return grouped


def _term(rows: Sequence[Row], total: float, sureness: float) -> _Term:
    chunks = sum(row["chunks"] for row in rows)
    weight = log(1 + total / max(1, chunks))
    return _Term(tuple(row["word"] for row in rows), chunks, weight, weight * sureness)


def _driving(terms: Sequence[_Term]) -> list[str]:
    """The words that look chunks up: of the rarest term, and of the next ones as long as not too much is found."""
    words = list(terms[0].words)
    chunks = terms[0].chunks
    for term in terms[1:]:
        chunks += term.chunks
        if chunks > _WEIGHED:
            break
        words += term.words
    return words


def _hit(row: Row) -> Hit:
    found = Found(row["chunk_id"], row["path"], row["title"], row["category"], row["heading"], row["text"])
    return Hit(found, float(row["score"]))
