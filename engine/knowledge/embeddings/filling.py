"""Filling a set of embeddings: its table, what can be copied, what is missing, its index. A set that was begun can be
gone on with at any point: nothing is done twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from engine.database import Runner, Statements
from engine.knowledge.chunking import Chunk, embedded_text
from engine.knowledge.embeddings.base import Made, Vector, Vectors
from engine.knowledge.embeddings.sets import COLUMNS, EmbeddingSet, set_of

HNSW_M: Final = 24
HNSW_EF_CONSTRUCTION: Final = 120
INDEX: Final = """
    CREATE INDEX IF NOT EXISTS {index} ON {table} USING hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops)
    WITH (m = {m}, ef_construction = {ef})"""
"""On halves of the numbers' bits: half the pages to read, and room for the 3,072 dimensions some models have."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A chunk without a vector."""

    hash: str
    text: str


def as_sql(vector: Vector) -> str:
    """As pgvector reads it: a parameter for `%s::vector`."""
    return orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()


async def building_set(runner: Runner, made: Made) -> EmbeddingSet | None:
    """The newest that was begun for vectors made so."""
    return await _newest(runner, made, ["building"])


async def finished_set(runner: Runner, made: Made) -> EmbeddingSet | None:
    """The newest there is of vectors made so, searched or not: what it has need not be paid for again."""
    return await _newest(runner, made, ["active", "ready"])


async def _newest(runner: Runner, made: Made, states: list[str]) -> EmbeddingSet | None:
    rows = await runner.fetch(
        f"SELECT {COLUMNS} FROM embedding_sets WHERE state = ANY(%s)"
        " AND (provider, model, dimensions) = (%s, %s, %s) ORDER BY id DESC LIMIT 1",
        [states, made.provider, made.model, made.dimensions],
    )
    return set_of(rows[0]) if rows else None


async def begin_set(runner: Runner, made: Made) -> EmbeddingSet:
    """Its row and its table, empty and without an index: filling it is quicker so."""

    def work(statements: Statements) -> EmbeddingSet:
        [row] = statements.fetch(
            "INSERT INTO embedding_sets (provider, model, dimensions, state) VALUES (%s, %s, %s, 'building')"
            f" RETURNING {COLUMNS}",
            [made.provider, made.model, made.dimensions],
        )
        begun = set_of(row)
        statements.execute(
            "CREATE TABLE {table} (chunk_hash text PRIMARY KEY, embedding vector({dimensions}) NOT NULL)",
            names=begun.names,
        )
        return begun

    return await runner.transaction(work)


async def copy_unchanged(runner: Runner, source: EmbeddingSet, target: EmbeddingSet) -> int:
    """What the source has of the chunks there are; how many rows."""
    return await runner.execute(
        "INSERT INTO {table} SELECT chunk_hash, embedding FROM {source} s"
        " WHERE EXISTS (SELECT FROM chunks WHERE hash = s.chunk_hash) ON CONFLICT DO NOTHING",
        names=target.names | {"source": source.table},
    )


async def missing_after(runner: Runner, target: EmbeddingSet, last: str, limit: int) -> list[Missing]:
    """Of the chunks without a vector the next ones by hash, after `last`; each text once."""
    rows = await runner.fetch(
        "SELECT DISTINCT ON (c.hash) c.hash, c.heading, c.text FROM chunks c WHERE c.hash > %s"
        " AND NOT EXISTS (SELECT FROM {table} t WHERE t.chunk_hash = c.hash) ORDER BY c.hash LIMIT %s",
        [last, limit],
        names=target.names,
    )
    return [Missing(row["hash"], embedded_text(Chunk(row["heading"], row["text"]))) for row in rows]


async def save(runner: Runner, target: EmbeddingSet, hashes: Sequence[str], vectors: Vectors) -> None:
    """All or nothing; what is there stays."""

    def work(statements: Statements) -> None:
        statements.execute(
            "INSERT INTO {table} SELECT * FROM unnest(%s::text[], %s::vector[]) ON CONFLICT DO NOTHING",
            [list(hashes), [as_sql(vector) for vector in vectors]],
            names=target.names,
        )

    await runner.run(work)


async def build_index(runner: Runner, target: EmbeddingSet) -> None:
    """By cosine. Takes minutes for 100,000 chunks: needs a session without a time limit. One process builds it, for
    several would talk over shared memory, of which a container has too little."""

    def work(statements: Statements) -> None:
        statements.execute("SET LOCAL maintenance_work_mem = '256MB'")
        statements.execute("SET LOCAL max_parallel_maintenance_workers = 0")
        statements.execute(
            "DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM chunks WHERE hash = t.chunk_hash)", names=target.names
        )
        statements.execute(
            INDEX,
            names=target.names | {"index": f"{target.table}_hnsw", "m": HNSW_M, "ef": HNSW_EF_CONSTRUCTION},
        )
        statements.execute("ANALYZE {table}", names=target.names)

    await runner.transaction(work)
