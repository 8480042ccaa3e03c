"""Google's embeddings over a real socket: who we are, what is asked, and what becomes of a vendor's bad days."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from engine.config import GoogleConfig
from engine.errors import ConfigError, EmbeddingsError
from engine.knowledge.embeddings.base import Made
from engine.knowledge.embeddings.google import GoogleEmbedder, open_google, requests
from tests.knowledge.embeddings.shop import EmulatedGoogle

GEMINI = Made("google", "gemini-embedding-001", 768)
MULTILINGUAL = Made("google", "text-multilingual-embedding-002", 256)


@asynccontextmanager
async def asked(google: EmulatedGoogle, key_file: Path | None, made: Made = GEMINI) -> AsyncIterator[GoogleEmbedder]:
    """Without a key file in plain text."""
    config = GoogleConfig(project="test", application_credentials=key_file, plaintext=key_file is None)
    async with open_google(config, google.url, made) as embedder:
        yield embedder


async def test_a_key_file_becomes_a_token_and_texts_become_vectors(google: EmulatedGoogle, key_file: Path) -> None:
    google.refuse_strangers()
    async with asked(google, key_file) as embedder:
        passages = await embedder.embed(["доставка шин по Києву", "гарантія на шини", "оплата карткою"], "passage")
        [query] = await embedder.embed(["оплатити карткою"], "query")
    assert passages.shape == (3, 768)
    assert passages.dtype == np.float32
    assert np.allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-5)
    assert int(np.argmax(passages @ query)) == 2
    counted = google.counters()
    assert (counted["requests"], counted["refused"], counted["tokens_issued"]) == (4, 0, 1)
    assert counted["texts"] == {"RETRIEVAL_DOCUMENT": 3, "RETRIEVAL_QUERY": 1}


async def test_a_model_that_takes_many_texts_is_given_many(google: EmulatedGoogle) -> None:
    async with asked(google, None, MULTILINGUAL) as embedder:
        vectors = await embedder.embed([f"стаття {n}" for n in range(251)], "passage")
    assert vectors.shape == (251, 256)
    assert len({row.tobytes() for row in vectors}) == 251
    assert google.counters()["requests"] == 2


@given(st.lists(st.integers(1, 30_000), max_size=600), st.sampled_from([1, 250]))
def test_no_request_exceeds_the_limits_and_none_is_lost(lengths: list[int], most: int) -> None:
    texts = ["x" * length for length in lengths]
    parts = [texts[part] for part in requests(texts, most)]
    assert [text for part in parts for text in part] == texts
    assert all(len(part) <= most and (len(part) == 1 or sum(map(len, part)) <= 20_000) for part in parts)
    assert all(parts)


async def test_haste_is_answered_with_patience(google: EmulatedGoogle) -> None:
    google.fail(fail_next=1, fail_code="429", retry_after_s=0.7)
    async with asked(google, None) as embedder:
        began = trio.current_time()
        await embedder.embed(["доставка"], "passage")
    assert trio.current_time() - began >= 0.7


@pytest.mark.parametrize("fault", [{"fail_next": 2, "fail_code": "503"}, {"cut_next": 1}])
async def test_illness_passes(google: EmulatedGoogle, fault: dict[str, object]) -> None:
    google.fail(**fault)
    async with asked(google, None) as embedder:
        assert (await embedder.embed(["доставка"], "passage")).shape == (1, 768)


@pytest.mark.parametrize("fault", [{"fail_next": 99}, {"stall_next": 99}])
async def test_a_caller_does_not_wait_for_a_vendor(google: EmulatedGoogle, fault: dict[str, object]) -> None:
    google.fail(**fault)
    async with asked(google, None) as embedder:
        with trio.fail_after(4):
            with pytest.raises(EmbeddingsError) as failed:
                await embedder.embed(["доставка"], "query")
    assert failed.value.retryable


async def test_an_ill_vendor_is_left_alone(google: EmulatedGoogle) -> None:
    google.fail(fail_next=99)
    async with asked(google, None) as embedder:
        with trio.fail_after(20):
            while not await open_breaker(embedder):
                pass
        google.reset()
        with trio.fail_after(0.4), pytest.raises(EmbeddingsError, match=r"breaker is open, for: 5\d\d "):
            await embedder.embed(["доставка"], "query")
    assert google.counters()["requests"] == 0


async def open_breaker(embedder: GoogleEmbedder) -> bool:
    """Ask once; whether that was enough."""
    with pytest.raises(EmbeddingsError) as failed:
        await embedder.embed(["доставка"], "query")
    return "breaker" in str(failed.value)


async def test_who_is_not_known_is_told_so_and_not_again(google: EmulatedGoogle) -> None:
    google.refuse_strangers()
    async with asked(google, None) as embedder:
        with pytest.raises(EmbeddingsError, match=r"401 .*invalid authentication") as failed:
            await embedder.embed(["доставка"], "passage")
    assert not failed.value.retryable
    assert google.counters()["requests"] == 1


async def test_dimensions_the_model_has_not(google: EmulatedGoogle) -> None:
    async with asked(google, None, Made("google", MULTILINGUAL.model, 1024)) as embedder:
        with pytest.raises(EmbeddingsError, match="at most 768"):
            await embedder.embed(["доставка"], "passage")


async def test_a_key_file_that_is_none(google: EmulatedGoogle, tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    for path in (tmp_path / "key.json", tmp_path / "missing.json"):
        async with asked(google, path) as embedder:
            with pytest.raises(EmbeddingsError, match="GOOGLE_APPLICATION_CREDENTIALS"):
                await embedder.embed(["доставка"], "query")


async def test_without_a_project_nothing_is_opened() -> None:
    with pytest.raises(ConfigError, match="GOOGLE_PROJECT"):
        async with open_google(GoogleConfig(project=""), "", GEMINI):
            pass
