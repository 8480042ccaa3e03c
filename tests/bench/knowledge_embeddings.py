"""What embeddings cost: `python -m tests.bench.knowledge_embeddings`.

A question's vector by the offline model, as a call waits for it; how late the media clock is with nobody asking, with
three questions a second (200 calls and more), and with one question after the other, the model's process on the clock's
own core and, where there are two, on another; and how fast a reindex goes beside what the provider alone can do.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import trio
from pydantic import SecretStr

from engine import log
from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.knowledge.chunking import cut, embedded_text
from engine.knowledge.embeddings.base import Embedder
from engine.knowledge.embeddings.local import MODULE, open_local
from engine.knowledge.embeddings.reindex import rebuild
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.world import SEED_KNOWLEDGE
from sql import MIGRATIONS
from tests.bench.bars import LATER, said
from tests.bench.processes import on_cores
from tests.bench.seats import ticking
from tests.knowledge.embeddings.shop import stock

CALLS: Final = 200
ROUNDS: Final = 6
MAKING_MS: Final = 30
SHARE: Final = 0.9
"""Of what the provider alone can do."""
PACES: Final = {"3 questions a second": 0.3, "one question after the other": 0.0}
"""Seconds between an answer and the next question."""
QUESTIONS: Final = (
    "скільки коштує доставка чотирьох шин до Львова",
    "можно ли вернуть резину если не подошла",
    "яка гарантія на зимові шини",
    "а оплатити карткою при отриманні можна",
    "сколько стоит хранение комплекта за сезон",
)


@asynccontextmanager
async def asking(embedder: Embedder, pause: float) -> AsyncIterator[None]:
    async def ask() -> None:
        for question in cycle(QUESTIONS):
            await embedder.embed([question], "query")
            await trio.sleep(pause)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        yield
        nursery.cancel_scope.cancel()


async def queries(embedder: Embedder, count: int) -> None:
    took = []
    for question in islice(cycle(QUESTIONS), count):
        began = time.perf_counter()
        await embedder.embed([question], "query")
        took.append((time.perf_counter() - began) * 1000)
    p95 = statistics.quantiles(took, n=20)[-1]
    p50 = statistics.median(took)
    print(
        f"    p50 {p50:.1f} ms ({said(p50 <= MAKING_MS)}, bar {MAKING_MS}), p95 {p95:.1f} ms, max {max(took):.0f} ms",
        flush=True,
    )


async def clock(seconds: float, cores: Sequence[int]) -> None:
    """On the first of `cores`. The rounds take turns, so that a machine's moods meet all of them."""
    late: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        works: dict[str, Callable[[], AbstractAsyncContextManager[None]]] = {"nobody asks": nullcontext}
        for where, core in zip(("own", "other"), cores, strict=False):
            embedder = await stack.enter_async_context(open_local(_on_core(core)))
            await embedder.embed(QUESTIONS[:1], "passage")
            for what, pause in PACES.items():
                works[f"{what}, the model on the clock's {where} core"] = partial(asking, embedder, pause)
        for number in range(ROUNDS):
            for what, work in list(works.items())[:: -1 if number % 2 else 1]:
                async with work(), ticking(CALLS) as seats:
                    await trio.sleep(seconds)
                late.setdefault(what, []).append(seats.late_ms(99))
    alone = statistics.median(late["nobody asks"])
    print(
        f"media clock, {CALLS} calls: late p99, median (least to most) of {ROUNDS} rounds; bar {LATER * alone:.2f} ms"
    )
    for what, values in late.items():
        median = statistics.median(values)
        print(f"    {median:.2f} ms ({min(values):.2f} to {max(values):.2f}): {said(median <= LATER * alone)}, {what}")


def _on_core(core: int) -> list[str]:
    """The model's process. It goes there itself: a child is born where the thread is that starts it, any of Trio's."""
    return [sys.executable, "-c", f"import os; os.sched_setaffinity(0, [{core}]); from {MODULE} import main; main()"]


async def reindex(server: EmbeddedPostgres, embedder: Embedder, count: int) -> None:
    chunks = {f"{n}": text for n, text in enumerate(islice(cycle(_passages()), count))}
    async with Database(DatabaseConfig(url=SecretStr(server.url))) as database:
        await database.wait_available(10)
        await migrate(database, MIGRATIONS)
        await stock(database, chunks)
        texts = [f"{title}\n{text}" for title, text in chunks.items()]
        began = time.monotonic()
        for at in range(0, count, embedder.batch):
            await embedder.embed(texts[at : at + embedder.batch], "passage")
        alone = count / (time.monotonic() - began)
        began = time.monotonic()
        await rebuild(database, embedder, rate=1_000_000)
        whole = count / (time.monotonic() - began)
    characters = statistics.mean(map(len, texts))
    print(f"    {count} chunks of {characters:.0f} characters: the provider alone {alone:.1f} a second, "
          f"reindex {whole:.1f} ({whole / alone * 100:.0f} %: {said(whole >= SHARE * alone)}, "
          f"bar {SHARE * 100:.0f} %)", flush=True)  # fmt: skip


def _passages() -> list[str]:
    """Of the articles that come with the engine."""
    bodies = (path.read_text().split("\n---\n", 1)[1] for path in sorted(SEED_KNOWLEDGE.glob("*.md")))
    return [embedded_text(chunk) for body in bodies for chunk in cut("", body)]


async def run(server: EmbeddedPostgres, seconds: float, chunks: int, cores: Sequence[int]) -> None:
    async with open_local() as embedder:
        began = time.monotonic()
        await embedder.embed(QUESTIONS[:1], "passage")
        print(f"the offline model, one thread, niced; ready after {time.monotonic() - began:.1f} s")
        print("a question's vector")
        await queries(embedder, 200)
        print("reindex")
        await reindex(server, embedder, chunks)
    await clock(seconds, cores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round of the clock")
    parser.add_argument("--chunks", type=int, default=200)
    chosen = parser.parse_args()
    log.configure("ERROR")
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server, on_cores(cores[:1]):
            trio.run(run, server, chosen.seconds, chosen.chunks, cores)


if __name__ == "__main__":
    main()
