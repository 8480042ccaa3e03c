"""Sets of embeddings in the database: each a row of `embedding_sets` and a table of its own.

A set is built beside the active one and becomes it in one transaction. The one it replaces stays, to roll back to, and
because an engine may be searching it at this very moment.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from engine.database import Row, Runner, Statements
from engine.errors import ReindexError
from engine.knowledge.embeddings.base import Made

type State = Literal["building", "ready", "active"]

GRACE_SECONDS: Final = 10
"""An engine looks for a new active set every second; what it has begun in the old one is over long before."""
COLUMNS: Final = "id, provider, model, dimensions, state, created_at, activated_at, retired_at"


@dataclass(frozen=True, slots=True)
class EmbeddingSet:
    id: int
    made: Made
    state: State
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    """When another became active in its place."""

    @property
    def table(self) -> str:
        """(chunk_hash, embedding)."""
        return f"embeddings_{self.id}"

    @property
    def names(self) -> dict[str, str | int]:
        """For the statements that read and write it."""
        return {"table": self.table, "dimensions": self.made.dimensions}


@dataclass(frozen=True, slots=True)
class Size:
    """`bytes`: its index included."""

    vectors: int
    bytes: int


async def active_set(runner: Runner) -> EmbeddingSet | None:
    rows = await runner.fetch(f"SELECT {COLUMNS} FROM embedding_sets WHERE state = 'active'")
    return set_of(rows[0]) if rows else None


async def sizes(runner: Runner) -> dict[EmbeddingSet, Size]:
    """Of all sets, the oldest first."""

    def work(statements: Statements) -> dict[EmbeddingSet, Size]:
        rows = statements.fetch(f"SELECT {COLUMNS} FROM embedding_sets ORDER BY id")
        return {found: _size(statements, found) for found in map(set_of, rows)}

    return await runner.transaction(work)


async def retired(runner: Runner, made: Made) -> list[EmbeddingSet]:
    """Those made so that were active once and are searched no more."""
    rows = await runner.fetch(
        f"SELECT {COLUMNS} FROM embedding_sets WHERE state = 'ready' AND (provider, model, dimensions) = (%s, %s, %s)"
        " AND retired_at < now() - make_interval(secs => %s) ORDER BY id",
        [made.provider, made.model, made.dimensions, GRACE_SECONDS],
    )
    return [set_of(row) for row in rows]


async def count_missing(runner: Runner, target: EmbeddingSet) -> int:
    return await runner.run(lambda statements: _missing(statements, target))


async def count_stale(runner: Runner, target: EmbeddingSet) -> int:
    """Vectors of chunks that are no more."""
    [row] = await runner.fetch(
        "SELECT count(*) AS n FROM {table} t WHERE NOT EXISTS (SELECT FROM chunks WHERE hash = t.chunk_hash)",
        names=target.names,
    )
    return int(row["n"])


async def count_chunks(runner: Runner) -> int:
    """Different ones."""
    [row] = await runner.fetch("SELECT count(DISTINCT hash) AS n FROM chunks")
    return int(row["n"])


async def switch_if_complete(runner: Runner, target: EmbeddingSet) -> bool:
    """Make it the active one, unless chunks have come meanwhile that it lacks: none can while we look."""

    def work(statements: Statements) -> bool:
        statements.execute("LOCK TABLE chunks IN SHARE MODE")
        if _missing(statements, target):
            return False
        _make_active(statements, target.id)
        return True

    return await runner.transaction(work)


async def find(runner: Runner, set_id: int) -> EmbeddingSet:
    """Raises `ReindexError` where there is none."""
    return await runner.transaction(lambda statements: _chosen(statements, set_id))


async def activate(runner: Runner, set_id: int) -> EmbeddingSet:
    """Make a set that is ready the active one, complete or not. Raises `ReindexError`."""

    def work(statements: Statements) -> EmbeddingSet:
        chosen = _chosen(statements, set_id)
        if chosen.state == "building":
            raise ReindexError(f"set {set_id} is not finished: callctl embeddings reindex goes on with it")
        if chosen.state == "ready":
            _make_active(statements, set_id)
        return chosen

    return await runner.transaction(work)


async def drop(runner: Runner, set_id: int) -> None:
    """Remove a set and its vectors. Raises `ReindexError` where search may need it."""

    def work(statements: Statements) -> None:
        chosen = _chosen(statements, set_id)
        if chosen.state == "active":
            raise ReindexError(f"set {set_id} is the active one: activate another first")
        if _retired_just_now(statements, set_id):
            raise ReindexError(f"set {set_id} may still be searched: try again in {GRACE_SECONDS} s")
        statements.execute("DROP TABLE {table}", names=chosen.names)
        statements.execute("DELETE FROM embedding_sets WHERE id = %s", [set_id])

    await runner.transaction(work)


def _missing(statements: Statements, target: EmbeddingSet) -> int:
    [row] = statements.fetch(
        "SELECT count(DISTINCT hash) AS n FROM chunks c"
        " WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.chunk_hash = c.hash)",
        names=target.names,
    )
    return int(row["n"])


def _size(statements: Statements, found: EmbeddingSet) -> Size:
    [row] = statements.fetch(
        "SELECT (SELECT count(*) FROM {table}) AS vectors, pg_total_relation_size(%s::regclass) AS bytes",
        [found.table],
        names=found.names,
    )
    return Size(row["vectors"], row["bytes"])


def _make_active(statements: Statements, set_id: int) -> None:
    statements.execute("UPDATE embedding_sets SET state = 'ready', retired_at = now() WHERE state = 'active'")
    statements.execute(
        "UPDATE embedding_sets SET state = 'active', activated_at = now(), retired_at = NULL WHERE id = %s", [set_id]
    )


def _chosen(statements: Statements, set_id: int) -> EmbeddingSet:
    rows = statements.fetch(f"SELECT {COLUMNS} FROM embedding_sets WHERE id = %s FOR UPDATE", [set_id])
    if not rows:
        raise ReindexError(f"there is no set {set_id}: callctl embeddings sets lists them")
    return set_of(rows[0])


def _retired_just_now(statements: Statements, set_id: int) -> bool:
    query = "SELECT FROM embedding_sets WHERE id = %s AND retired_at > now() - make_interval(secs => %s)"
    return bool(statements.fetch(query, [set_id, GRACE_SECONDS]))


def set_of(row: Row) -> EmbeddingSet:
    return EmbeddingSet(
        row["id"], Made(row["provider"], row["model"], row["dimensions"]), row["state"], row["created_at"],
        row["activated_at"], row["retired_at"],
    )  # fmt: skip
