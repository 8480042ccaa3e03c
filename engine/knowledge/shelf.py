"""The articles in the database: brought there from a directory, listed, shown.

An article is the same as long as nothing of it changes that a search sees, and that includes how this version cuts it
into chunks and words: after an upgrade that cuts otherwise the next load renews what it must.

Each has a master, its `origin`: a file, or people over console and API. A directory does not overrule people: what is
theirs stays, until a file says the same again or the load is told to replace it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Final, Literal

from engine.database import Row, Runner, Statements
from engine.knowledge.articles import Article, Reading
from engine.knowledge.chunking import Chunk, cut, embedded_text
from engine.knowledge.words import sound, tsvector

type Verb = Literal["added", "updated", "removed", "unchanged", "kept"]
type Origin = Literal["file", "console"]

LOCK: Final = "knowledge"
"""Whoever changes articles holds it (`database.lock`)."""

_KNOWN: Final = """
    SELECT id, path, title, category, language, valid_until, content_hash, origin,
           CASE WHEN origin = 'console' THEN text ELSE '' END AS text
    FROM articles"""
_SAVE: Final = """
    INSERT INTO articles (path, title, category, language, valid_until, text, content_hash, origin)
    VALUES (%(path)s, %(title)s, %(category)s, %(language)s, %(valid_until)s, %(text)s, %(hash)s, %(origin)s)
    ON CONFLICT (path) DO UPDATE SET
        title = EXCLUDED.title, category = EXCLUDED.category, language = EXCLUDED.language,
        valid_until = EXCLUDED.valid_until, text = EXCLUDED.text, content_hash = EXCLUDED.content_hash,
        origin = EXCLUDED.origin, loaded_at = now()
    RETURNING id"""
_SAVE_CHUNK: Final = """
    INSERT INTO chunks (article_id, n, heading, text, hash, words) VALUES (%s, %s, %s, %s, %s, %s::tsvector)"""
_COUNT_WORDS: Final = "SELECT word, ndoc FROM ts_stat('SELECT words FROM chunks')"
_SAVE_WORD: Final = "INSERT INTO chunk_words (word, sound, chunks) VALUES (%s, %s, %s)"
_LIST: Final = """
    SELECT id, path, title, category, language, valid_until, loaded_at, origin,
           (SELECT count(*) FROM chunks WHERE article_id = articles.id) AS chunks
    FROM articles ORDER BY path"""
_FIND: Final = "SELECT * FROM articles WHERE path = %(key)s OR path = %(key)s || '.md' OR id::text = %(key)s"
_CHUNKS: Final = "SELECT n, heading, text FROM chunks WHERE article_id = %s ORDER BY n"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an article. `kept`: it is people's, and not what the directory has under its path, if anything."""

    verb: Verb
    path: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """An article that is there. `chunks`: how many."""

    id: int
    path: str
    title: str
    category: str
    language: str
    valid_until: date | None
    loaded_at: datetime
    origin: Origin
    chunks: int


async def load(
    database: Runner, reading: Reading, told: Callable[[Change], None] = lambda change: None, *,
    origin: Origin = "file", replace: bool = False,
) -> list[Change]:  # fmt: skip
    """Make the database hold just what was read, as of `origin`, each article in a transaction of its own. A broken
    file leaves the article it was before; without `replace` people's articles stay too. Only for who has `LOCK`.
    Raises `DatabaseError`."""
    known = {row["path"]: row for row in await database.fetch(_KNOWN)}
    present = {article.path for article in reading.articles} | {broken.path for broken in reading.broken}
    theirs = {} if replace else {path: _stored(row) for path, row in known.items() if row["origin"] == "console"}
    changes = []
    for article in reading.articles:
        if theirs.get(article.path, article) == article:
            changes.append(await _save(database, article, known.get(article.path), origin))
        else:
            changes.append(await _keep(database, theirs[article.path], known[article.path]))
        told(changes[-1])
    for path in sorted(known.keys() - present):
        changes.append(
            await _keep(database, theirs[path], known[path]) if path in theirs else await _remove(database, known[path])
        )
        told(changes[-1])
    await database.transaction(_renew_words)  # also after no change: a load before may have been cut short
    return changes


async def listed(database: Runner) -> list[Shelved]:
    """All articles by path."""
    return [Shelved(**row) for row in await database.fetch(_LIST)]


async def find(database: Runner, key: str) -> tuple[Row, list[Chunk]] | None:
    """An article by its number, or its path with or without `.md`: its row, and its chunks in order."""
    rows = await database.fetch(_FIND, {"key": key})
    if not rows:
        return None
    chunks = await database.fetch(_CHUNKS, [rows[0]["id"]])
    return rows[0], [Chunk(row["heading"], row["text"]) for row in chunks]


def _stored(row: Row) -> Article:
    return Article(**{each.name: row[each.name] for each in fields(Article)})


async def _remove(database: Runner, known: Row) -> Change:
    await database.execute("DELETE FROM articles WHERE id = %s", [known["id"]])
    return Change("removed", known["path"])


async def _keep(database: Runner, article: Article, known: Row) -> Change:
    """People's, as it is; only cut anew if this version cuts otherwise."""
    await _save(database, article, known, known["origin"])
    return Change("kept", article.path)


async def _save(database: Runner, article: Article, known: Row | None, origin: Origin) -> Change:
    """What says the same as its file is the file's, whoever wrote it last."""
    rows = [_chunk_row(n, chunk) for n, chunk in enumerate(cut(article.title, article.text))]
    digest = _hash(article, rows)
    if known is not None and known["content_hash"] == digest:
        if origin == "file" != known["origin"]:
            await database.execute("UPDATE articles SET origin = 'file' WHERE id = %s", [known["id"]])
        return Change("unchanged", article.path)

    def save(statements: Statements) -> None:
        [saved] = statements.fetch(_SAVE, {**asdict(article), "hash": digest, "origin": origin})
        statements.execute("DELETE FROM chunks WHERE article_id = %s", [saved["id"]])
        statements.execute_many(_SAVE_CHUNK, [(saved["id"], *row) for row in rows])

    await database.transaction(save)
    return Change("added" if known is None else "updated", article.path)


def _chunk_row(n: int, chunk: Chunk) -> Sequence[Any]:
    return n, chunk.heading, chunk.text, _digest(embedded_text(chunk)), tsvector(chunk.heading, chunk.text)


def _hash(article: Article, rows: Sequence[Sequence[Any]]) -> str:
    return _digest(json.dumps([asdict(article), rows], ensure_ascii=False, default=str, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _renew_words(statements: Statements) -> None:
    """At once for all who search: they see the old words until this is committed."""
    rows = [(row["word"], sound(row["word"]), row["ndoc"]) for row in statements.fetch(_COUNT_WORDS)]
    statements.execute("DELETE FROM chunk_words")
    statements.execute_many(_SAVE_WORD, rows)
    statements.execute("ANALYZE chunks")  # how many there are is read from its statistics
