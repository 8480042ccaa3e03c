"""What the tests of embeddings have at hand: a few chunks of a shop, makers of vectors, the emulated vendor."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import trio

from engine.config import Config
from engine.database import Database
from engine.errors import EmbeddingsError
from engine.knowledge.chunking import Chunk, embedded_text
from engine.knowledge.embeddings.base import Kind, Made, Vectors, unit
from ops.emulators.google_embeddings import GoogleEmbeddingsEmulator
from ops.emulators.google_embeddings_vectors import vector_of

SHOP: Final[Mapping[str, str]] = {
    "Доставка": "Доставка шин по Україні коштує 150 гривень, по Києву безкоштовно від чотирьох шин.",
    "Оплата": "Оплатити замовлення можна карткою на сайті або готівкою при отриманні.",
    "Повернення": "Шини без слідів установлення можна повернути протягом чотирнадцяти днів.",
    "Гарантія": "Гарантія виробника на літні та зимові шини діє п'ять років.",
    "Зберігання": "Сезонне зберігання комплекту шин коштує 900 гривень за пів року.",
}
QUESTIONS: Final[Mapping[str, str]] = {
    "скільки коштує доставка шин": "Доставка",
    "чи можна оплатити карткою": "Оплата",
    "як повернути шини": "Повернення",
    "яка гарантія виробника на шини": "Гарантія",
}
"""Question -> what answers it, by any provider."""


async def emptied(database: Database) -> None:
    """No articles, no sets."""
    for row in await database.fetch("SELECT 'embeddings_' || id AS name FROM embedding_sets"):
        await database.execute("DROP TABLE {table}", names={"table": row["name"]})
    await database.execute("TRUNCATE articles, chunks, embedding_sets")


async def stock(database: Database, articles: Mapping[str, str]) -> None:
    """One chunk each; those there are go."""
    await database.execute("TRUNCATE articles, chunks")
    await add(database, articles)


async def add(database: Database, articles: Mapping[str, str]) -> None:
    for title, text in articles.items():
        await database.execute(
            "WITH article AS (INSERT INTO articles (path, title, category, language, text, content_hash)"
            " VALUES (%(title)s, %(title)s, 'faq', 'uk', %(text)s, '') RETURNING id)"
            " INSERT INTO chunks (article_id, n, heading, text, hash, words)"
            " SELECT id, 0, %(title)s, %(text)s, %(hash)s, '' FROM article",
            {"title": title, "text": text, "hash": digest(title, text)},
        )


def digest(title: str, text: str) -> str:
    return hashlib.sha256(embedded_text(Chunk(title, text)).encode()).hexdigest()


def with_provider(config: Config, provider: str) -> Config:
    other = Config()
    for name in Config.__slots__:
        setattr(other, name, getattr(config, name))
    other.embeddings = config.embeddings.model_copy(update={"provider": provider})
    return other


@dataclass(slots=True)
class StemEmbedder:
    """In this process and at once; knows what it was asked. `before`: awaited before each batch of passages."""

    dimensions: int = 64
    batch: int = 2
    model: str = "stems"
    embedded: list[str] = field(default_factory=list)
    before: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
    fail_after: int | None = None
    """So many passages."""

    @property
    def made(self) -> Made:
        return Made("test", self.model, self.dimensions)

    async def embed(self, texts: Sequence[str], kind: Kind) -> Vectors:
        if kind == "passage":
            await self.before()
            if self.fail_after is not None and len(self.embedded) >= self.fail_after:
                raise EmbeddingsError("test", "out of reach", retryable=True)
            self.embedded += texts
        return unit(np.stack([vector_of(text, self.dimensions) for text in texts]))


class EmulatedGoogle:
    """The emulator on a loop in a thread of its own, as it lives on asyncio."""

    def __init__(self, loop: asyncio.AbstractEventLoop, emulator: GoogleEmbeddingsEmulator, url: str) -> None:
        self.loop = loop
        self._emulator = emulator
        self.url = url

    def fail(self, **values: object) -> None:
        self._run(lambda: self._emulator.faults.update(**values))

    def refuse_strangers(self) -> None:
        self._run(lambda: setattr(self._emulator.settings, "plaintext", False))

    def counters(self) -> Mapping[str, Any]:
        return self._emulator.counters()

    def reset(self) -> None:
        self._run(self._emulator.faults.reset)
        self._run(self._emulator.reset_counters)
        self._run(lambda: setattr(self._emulator.settings, "plaintext", True))

    def _run(self, work: Callable[[], object]) -> None:
        async def now() -> None:
            work()

        asyncio.run_coroutine_threadsafe(now(), self.loop).result(5)
