"""The offline model in a process of its own: what it finds, and what its death or silence costs."""

import os
import sys
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import pytest
import trio

from engine.errors import EmbeddingsError
from engine.knowledge.embeddings.local import MADE, MODULE, LocalEmbedder, open_local
from tests.knowledge.embeddings.shop import QUESTIONS, SHOP

_ECHO: Final = """
import json, os, sys, time
print(json.dumps({"dimensions": 384}), flush=True)
for line in sys.stdin:
    texts = json.loads(line)["texts"]
    if texts[0] == "die": os._exit(1)
    if texts[0] == "hang": time.sleep(60)
    if texts[0] == "slow": time.sleep(0.3)
    with open(sys.argv[1], "a") as log: log.write(texts[0] + "\\n")
    sys.stdout.buffer.write(b"\\0\\0\\x80?" * 384 * len(texts)); sys.stdout.flush()
"""


def standing_in(seen: Path) -> list[str]:
    """A process of the same protocol, with moods; `seen`: what it has answered."""
    return [sys.executable, "-c", _ECHO, str(seen)]


async def answered(embedder: LocalEmbedder) -> None:
    """Wait until it answers."""
    with trio.fail_after(15):
        while True:
            try:
                await embedder.embed(["?"], "query")
            except EmbeddingsError:
                await trio.sleep(0.05)
            else:
                return


async def test_questions_in_two_languages_find_their_article() -> None:
    titles = list(SHOP)
    async with open_local() as embedder:
        passages = await embedder.embed([f"{title}\n{text}" for title, text in SHOP.items()], "passage")
        asked = [*QUESTIONS, "сколько стоит доставка резины", "можно ли вернуть шины обратно"]
        queries = np.concatenate([await embedder.embed([each], "query") for each in asked])
    assert passages.shape == (len(SHOP), 384)
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    found = [titles[int(np.argmax(passages @ query))] for query in queries]
    assert found == [*QUESTIONS.values(), "Доставка", "Повернення"]


async def test_what_would_break_c_code_is_embedded_too() -> None:
    async with open_local() as embedder:
        vectors = await embedder.embed(["", "а\0б", "\ud800", "🙂" * 200], "passage")
        assert (await embedder.embed([], "query")).shape == (0, MADE.dimensions)
    assert np.isfinite(vectors).all()


async def test_the_process_is_polite_and_dies_with_us() -> None:
    async with open_local() as embedder:
        await embedder.embed(["доставка"], "passage")
        first = the_process()
        assert first.nice() >= 10
        assert os.getsid(first.pid) == os.getsid(0)  # elsewhere its niceness would not count here
        assert os.getpgid(first.pid) != os.getpgid(0)  # a Ctrl-C is not for it
        assert first.environ()["OMP_NUM_THREADS"] == "1"
        first.kill()
        await answered(embedder)
        second = the_process()
        assert second != first
    assert not second.is_running()


def the_process() -> psutil.Process:
    [process] = [each for each in psutil.Process().children() if MODULE in each.cmdline()]
    return process


async def test_a_death_costs_the_request_and_no_more(tmp_path: Path) -> None:
    async with open_local(standing_in(tmp_path / "seen")) as embedder:
        await answered(embedder)
        with pytest.raises(EmbeddingsError, match="gone"):
            await embedder.embed(["die"], "query")
        await answered(embedder)


async def test_nobody_waits_for_one_that_hangs(tmp_path: Path) -> None:
    async with open_local(standing_in(tmp_path / "seen")) as embedder:
        await answered(embedder)
        with trio.fail_after(4), pytest.raises(EmbeddingsError, match="in time"):
            await embedder.embed(["hang"], "query")
        await answered(embedder)


async def test_what_nobody_waits_for_any_more_is_not_begun(tmp_path: Path) -> None:
    async with open_local(standing_in(tmp_path / "seen")) as embedder:
        await answered(embedder)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(embedder.embed, ["slow"], "query")
            await trio.sleep(0.05)
            with trio.move_on_after(0.05):
                await embedder.embed(["abandoned"], "query")
        await embedder.embed(["last"], "query")
    seen = (tmp_path / "seen").read_text().split()
    assert seen[-2:] == ["slow", "last"]


async def test_one_that_cannot_work_says_why() -> None:
    script = "import json; print(json.dumps({'error': 'no such package'}))"
    async with open_local([sys.executable, "-c", script]) as embedder:
        with trio.fail_after(10), pytest.raises(EmbeddingsError, match="no such package"):
            await embedder.embed(["доставка"], "passage")
        with trio.fail_after(1), pytest.raises(EmbeddingsError, match="no such package"):
            await embedder.embed(["доставка"], "query")
