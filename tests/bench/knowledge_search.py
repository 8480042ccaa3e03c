"""What a search costs in the database: `python -m tests.bench.knowledge_search [--chunks 100000]`.

A real PostgreSQL with so many chunks. Their words are drawn from the sample articles' own, as often as those have them,
plus rare ones; their vectors have the covariance of those of the sample articles and questions by the local model, so
that they lie as near to each other as real ones. Prints what each half takes alone, and a search with both beside each
other, as a caller waits for it; and how many of the nearest the index finds that an exact search finds.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import numpy as np
import trio
from numpy.typing import NDArray
from pydantic import SecretStr

from engine.config import Config, DatabaseConfig
from engine.database import Database, Names, Statements, migrate
from engine.database.connections import WIDTHS
from engine.knowledge.articles import read_directory
from engine.knowledge.chunking import cut, embedded_text
from engine.knowledge.embeddings import QueryVector, as_sql
from engine.knowledge.embeddings.filling import HNSW_EF_CONSTRUCTION, HNSW_M, INDEX
from engine.knowledge.embeddings.local import MADE
from engine.knowledge.embeddings.providers import wanted, with_embedder
from engine.knowledge.embeddings.sets import EmbeddingSet
from engine.knowledge.evaluation import read_questions
from engine.knowledge.lookup import by_vector, by_words
from engine.knowledge.search import open_search
from engine.knowledge.words import lexemes, sound, tsvector
from engine.transport.ticker import SWITCH_SECONDS
from ops.embedded.world import SEED_KNOWLEDGE
from ops.seed.questions import QUESTIONS
from sql import MIGRATIONS
from tests.bench.bars import said
from tests.temporary import temporary_postgres

CHUNKS: Final = 100_000
BAR_MS: Final = 20.0
BAR_RECALL: Final = 0.97
NEAREST: Final = 10
TODAY: Final = date(2026, 11, 22)
TABLE: Final = "embeddings_1"
_WORDS: Final = 55
"""Of a chunk, about as many as a sample chunk has."""
_RARE: Final = 20_000
"""Words besides those of the sample: part numbers, names, misspellings."""
_BATCH: Final = 2_000
_COPIES: Final = 3
"""Each question is asked so often."""

type Reals = NDArray[np.float32]


def sample() -> tuple[list[str], list[str]]:
    """Texts of the sample chunks, questions."""
    chunks = [chunk for each in read_directory(SEED_KNOWLEDGE).articles for chunk in cut(each.title, each.text)]
    return [embedded_text(chunk) for chunk in chunks], [each.text for each in read_questions(QUESTIONS)]


async def embedded(texts: Sequence[str], questions: Sequence[str]) -> tuple[Reals, Reals]:
    config = Config.from_env({"embeddings": {"provider": "local"}})

    async def work(embedder: Any) -> tuple[Reals, Reals]:
        step = embedder.batch
        passages = [await embedder.embed(texts[at : at + step], "passage") for at in range(0, len(texts), step)]
        return np.concatenate(passages), np.concatenate([await embedder.embed([each], "query") for each in questions])

    return await with_embedder(config, wanted(config), work)


def alike(vectors: Reals, count: int, draw: np.random.Generator) -> Reals:
    """So many others with their mean and covariance, and a little of their own in every direction."""
    mean = vectors.mean(axis=0)
    spread = (vectors - mean) / np.sqrt(len(vectors) - 1)
    made = mean + draw.standard_normal((count, len(vectors)), np.float32) @ spread
    made += draw.standard_normal(made.shape, np.float32) * np.float32(0.3 * spread.std())
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def fill(statements: Statements, texts: Sequence[str], vectors: Reals, draw: np.random.Generator) -> None:
    """Articles of twenty chunks each, their words, their vectors."""
    words = [word for text in texts for word in text.split()]
    statements.execute("SET maintenance_work_mem = '512MB'")
    statements.execute(
        "INSERT INTO articles (path, title, category, language, text, content_hash)"
        " SELECT 'a' || n || '.md', 'Стаття ' || n, 'faq', 'uk', '', '' FROM generate_series(1, %s) AS n",
        [len(vectors) // 20 + 1],
    )
    statements.execute("CREATE TABLE {table} (chunk_hash text PRIMARY KEY, embedding vector({size}))",
                       names={"table": TABLE, "size": vectors.shape[1]})  # fmt: skip
    for at in range(0, len(vectors), _BATCH):
        rows, embeddings = [], []
        for n in range(at, min(at + _BATCH, len(vectors))):
            drawn = [words[i] for i in draw.integers(0, len(words), _WORDS)]
            text = " ".join([*drawn, *(f"деталь{i}" for i in draw.zipf(1.3, 3) % _RARE)])
            rows.append((n // 20 + 1, n, f"Стаття {n // 20}", text, str(n), tsvector(f"Стаття {n // 20}", text)))
            embeddings.append((str(n), as_sql(vectors[n])))
        statements.execute_many("INSERT INTO chunks (article_id, n, heading, text, hash, words)"
                                " VALUES (%s, %s, %s, %s, %s, %s::tsvector)", rows)  # fmt: skip
        statements.execute_many("INSERT INTO embeddings_1 VALUES (%s, %s::vector)", embeddings)
    counted = statements.fetch("SELECT word, ndoc FROM ts_stat('SELECT words FROM chunks')")
    statements.execute_many("INSERT INTO chunk_words VALUES (%s, %s, %s)",
                            [(row["word"], sound(row["word"]), row["ndoc"]) for row in counted])  # fmt: skip
    statements.execute("ANALYZE")


def index(statements: Statements, dimensions: int) -> None:
    statements.execute("SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 0")
    statements.execute(INDEX, names={"index": "nearest", "table": TABLE, "dimensions": dimensions,
                                     "m": HNSW_M, "ef": HNSW_EF_CONSTRUCTION})  # fmt: skip


def timed[T](work: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = work()
    return (time.perf_counter() - begun) * 1000, result


def ask(statements: Statements, questions: Sequence[str], vectors: Reals) -> float:
    """Every question by words and by its vector, one half at a time. What of the nearest the index finds."""
    words_ms, near_ms, recalled = [], [], []
    names: Names = {"table": TABLE, "dimensions": vectors.shape[1]}
    for turn in range(_COPIES + 1):
        for question, vector in zip(questions, vectors, strict=True):
            took_words, _ = timed(partial(by_words, statements, lexemes(question), TODAY))
            took_near, near = timed(partial(by_vector, statements, names, as_sql(vector), TODAY))
            if turn:
                words_ms.append(took_words)
                near_ms.append(took_near)
                continue
            found = {hit.found.chunk_id for hit in near[:NEAREST]}
            with statements.transaction():
                statements.execute("SET LOCAL enable_indexscan = off")
                statements.execute("SET LOCAL plan_cache_mode = force_custom_plan")  # or it is the index that is asked
                exact = by_vector(statements, names, as_sql(vector), TODAY)[:NEAREST]
            recalled.append(len(found & {hit.found.chunk_id for hit in exact}) / NEAREST)
    show("by words", words_ms)
    show("by vector", near_ms)
    return float(np.mean(recalled))


class Known:
    """Implements `QueryVectors` for questions whose vectors are there at once."""

    def __init__(self, questions: Sequence[str], vectors: Reals) -> None:
        self._set = EmbeddingSet(1, MADE, "active", datetime.now(UTC), None, None)
        self._vectors = dict(zip(questions, vectors, strict=True))

    async def embed(self, text: str) -> QueryVector:
        return QueryVector(self._set, self._vectors[text])


async def search(database: Database, questions: Sequence[str], vectors: Reals) -> float:
    """Every question as a call asks it, its vector made already: both halves beside each other. Gives the p95 in ms."""
    took = []
    async with open_search(database, Known(questions, vectors), lambda: TODAY) as knowledge:
        for turn in range(_COPIES + 1):
            for question in questions:
                begun = time.perf_counter()
                await knowledge.ranked(question)
                if turn:
                    took.append((time.perf_counter() - begun) * 1000)
    return show("a search", took)


def show(name: str, values: Sequence[float]) -> float:
    p50, p95 = np.percentile(values, (50, 95))
    print(f"{name:10} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms", flush=True)
    return float(p95)


def judge(p95: float, recall: float) -> None:
    print(f"p95 of a search {p95:.1f} ms: {said(p95 <= BAR_MS)}, bar {BAR_MS:.0f} ms")
    print(f"recall of the index, {NEAREST} nearest, ef_search {WIDTHS['hnsw.ef_search']}: {recall:.3f}: "
          f"{said(recall >= BAR_RECALL)}, bar {BAR_RECALL}")  # fmt: skip


async def measure(url: str, chunks: int) -> None:
    draw = np.random.default_rng(1)
    texts, questions = sample()
    passages, asked = await embedded(texts, questions)
    async with Database(DatabaseConfig(url=SecretStr(url), statement_timeout_ms=0)) as database:
        await database.wait_available(10)
        [pages] = await database.fetch("SHOW huge_pages_status")
        print(f"huge pages: {pages['huge_pages_status']}", flush=True)
        await migrate(database, MIGRATIONS)
        begun = time.perf_counter()
        await database.run(lambda sql: fill(sql, texts, alike(passages, chunks, draw), draw))
        print(f"{chunks:,} chunks written in {time.perf_counter() - begun:.0f} s", flush=True)
        begun = time.perf_counter()
        await database.run(lambda sql: index(sql, passages.shape[1]))
        print(f"index built in {time.perf_counter() - begun:.0f} s", flush=True)
        recall = await database.run(lambda sql: ask(sql, questions, asked))
        judge(await search(database, questions, asked), recall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS, help=f"default {CHUNKS:,}")
    chunks = parser.parse_args().chunks
    sys.setswitchinterval(SWITCH_SECONDS)  # as where calls are
    with temporary_postgres() as server:
        trio.run(measure, server.url, chunks)


if __name__ == "__main__":
    main()
