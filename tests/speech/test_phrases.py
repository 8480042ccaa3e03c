"""The phrase cache over a synthesiser that says how often it was asked."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from engine.errors import SynthesizerError
from engine.metrics import REGISTRY
from engine.speech.base import Synthesizer
from engine.speech.phrases import PhraseCache


class SlowVoice:
    """One chunk of 100 bytes a letter, one letter a second."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self.fails: set[str] = set()

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        self.asked.append(text)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            async with aclosing(self._chunks(text)) as chunks:
                yield chunks
        finally:
            self.at_work -= 1

    async def _chunks(self, text: str) -> AsyncGenerator[bytes]:
        for letter in text:
            await trio.sleep(1)
            if text in self.fails:
                raise SynthesizerError("slow", "no voice")
            yield letter.encode()[:1] * 100


async def say(synthesizer: Synthesizer, text: str) -> bytes:
    async with synthesizer.synthesize(text) as chunks:
        return b"".join([chunk async for chunk in chunks])


def looked_up(result: str) -> float:
    return REGISTRY.get_sample_value("callctl_phrase_cache_total", {"result": result}) or 0.0


async def test_the_second_time_there_is_nothing_to_wait_for(autojump_clock: MockClock) -> None:
    voice = SlowVoice()
    cache = PhraseCache(voice)
    hits, misses = looked_up("hit"), looked_up("miss")
    assert cache.cached("ab") is None
    first = await say(cache, "ab")
    begun = trio.current_time()
    assert await say(cache, "ab") == first == cache.cached("ab") == b"a" * 100 + b"b" * 100
    assert trio.current_time() == begun
    assert voice.asked == ["ab"]
    assert (looked_up("hit"), looked_up("miss")) == (hits + 1, misses + 1)


async def test_chunks_pass_as_they_come(autojump_clock: MockClock) -> None:
    begun = trio.current_time()
    async with PhraseCache(SlowVoice()).synthesize("abc") as chunks:
        await anext(chunks)
        assert trio.current_time() - begun == pytest.approx(1.0)


async def test_an_interrupted_phrase_is_not_kept(autojump_clock: MockClock) -> None:
    cache = PhraseCache(SlowVoice())
    with trio.move_on_after(1.5):
        await say(cache, "abc")
    async with cache.synthesize("abc") as chunks:
        await anext(chunks)
    assert cache.cached("abc") is None


async def test_a_failed_phrase_is_not_kept(autojump_clock: MockClock) -> None:
    voice = SlowVoice()
    cache = PhraseCache(voice)
    voice.fails.add("ab")
    with pytest.raises(SynthesizerError):
        await say(cache, "ab")
    assert cache.cached("ab") is None


async def test_two_at_once_do_not_mix(autojump_clock: MockClock) -> None:
    cache = PhraseCache(SlowVoice())

    async def say_later() -> None:
        await trio.sleep(0.5)
        await say(cache, "ab")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(say, cache, "ab")
        nursery.start_soon(say_later)
    assert cache.cached("ab") == b"a" * 100 + b"b" * 100


async def test_the_least_recently_used_goes_first_and_pinned_ones_never(autojump_clock: MockClock) -> None:
    cache = PhraseCache(SlowVoice(), max_bytes=250)
    assert await cache.warm(["p", "q"]) == frozenset()
    await say(cache, "a")
    await say(cache, "b")
    await say(cache, "a")
    await say(cache, "c")
    assert [text for text in "pqabc" if cache.cached(text)] == ["p", "q", "a", "c"]


async def test_pinning_what_was_already_kept_frees_its_place(autojump_clock: MockClock) -> None:
    voice = SlowVoice()
    cache = PhraseCache(voice, max_bytes=100)
    await say(cache, "a")
    await cache.warm(["a"])
    await say(cache, "b")
    await say(cache, "c")
    assert [text for text in "abc" if cache.cached(text)] == ["a", "c"]
    assert voice.asked == ["a", "b", "c"]


async def test_a_phrase_larger_than_the_cache_is_not_kept(autojump_clock: MockClock) -> None:
    cache = PhraseCache(SlowVoice(), max_bytes=150)
    await say(cache, "a")
    await say(cache, "bc")
    assert cache.cached("bc") is None
    assert cache.cached("a") is not None


async def test_answers_are_too_long_to_be_kept(autojump_clock: MockClock) -> None:
    cache = PhraseCache(SlowVoice())
    await say(cache, "a" * 121)
    assert cache.cached("a" * 121) is None


async def test_warming_is_concurrent_bounded_and_survives_failures(autojump_clock: MockClock) -> None:
    voice = SlowVoice()
    voice.fails |= {"b", ""}
    cache = PhraseCache(voice)
    begun = trio.current_time()
    assert await cache.warm([*"abcdefgh", "a", ""]) == {"b", ""}
    assert trio.current_time() - begun == pytest.approx(2.0, abs=1.01)
    assert voice.most_at_work == 4
    assert cache.cached("h") == b"h" * 100


async def test_what_was_missing_at_the_start_is_fetched_once_the_vendor_is_well(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    voice = SlowVoice()
    cache = PhraseCache(voice)
    voice.fails = {"a", "b"}
    nursery.start_soon(cache.warm_all, ["a", "b", "c"])
    await trio.sleep(10)
    assert [cache.cached(text) is not None for text in "abc"] == [False, False, True]
    voice.fails = {"b"}
    await trio.sleep(40)
    assert [cache.cached(text) is not None for text in "abc"] == [True, False, True]
    voice.fails = set()
    await trio.sleep(40)
    assert cache.cached("b") is not None
    asked = len(voice.asked)
    await trio.sleep(600)
    assert len(voice.asked) == asked, "and then it is left alone"
