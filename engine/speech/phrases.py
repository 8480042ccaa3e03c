"""Spoken phrases kept in memory: the greeting must start at once, the apology must sound when the vendor is down.

Before: any `Synthesizer`. After: `media.playout`. Only bot audio is kept, never a caller's.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, Self

import trio

from engine.errors import SynthesizerError
from engine.log import get_logger
from engine.metrics import PHRASE_CACHE
from engine.speech.base import Synthesizer
from engine.speech.ready_audio import ReadyAudio

log = get_logger("speech.phrases")

_SHORT_TEXT: Final = 120
"""Characters. Longer texts are answers, said once."""
_WARM_AT_ONCE: Final = 4
_WARM_AGAIN_SECONDS: Final = 30.0


class PhraseCache:
    """`Synthesizer` with a memory. What `warm` was given stays; other short texts stay while there is room, the least
    recently used going first. Two first requests for one text both go to the vendor; whoever ends later is kept."""

    def __init__(self, synthesizer: Synthesizer, *, max_bytes: int = 32 * 2**20) -> None:
        self._synthesizer = synthesizer
        self._max_bytes = max_bytes
        self._pinned: dict[str, bytes] = {}
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._recent_bytes = 0

    def cached(self, text: str) -> bytes | None:
        """The phrase's PCM, if it is there."""
        if text in self._recent:
            self._recent.move_to_end(text)
            return self._recent[text]
        return self._pinned.get(text)

    @asynccontextmanager
    async def synthesize(self, text: str) -> AsyncGenerator[AsyncIterator[bytes]]:
        """See `Synthesizer.synthesize`. A phrase that is there comes as one chunk."""
        if (pcm := self.cached(text)) is not None:
            PHRASE_CACHE.labels("hit").inc()
            yield ReadyAudio(pcm)
            return
        PHRASE_CACHE.labels("miss").inc()
        async with self._synthesizer.synthesize(text) as chunks:
            yield _Recording(self, text, chunks) if len(text) <= _SHORT_TEXT else chunks

    async def warm(self, texts: Iterable[str]) -> frozenset[str]:
        """Synthesise and pin these. Answers those that failed (logged); without them the engine can still work."""
        failed: set[str] = set()
        at_once = trio.CapacityLimiter(_WARM_AT_ONCE)

        async def pin(text: str) -> None:
            async with at_once:
                try:
                    pcm = self.cached(text) or await self._whole(text)
                except SynthesizerError as error:
                    log.warning("phrase_not_warmed", characters=len(text), error=str(error))
                    failed.add(text)
                else:
                    self._forget(text)
                    self._pinned[text] = pcm

        async with trio.open_nursery() as nursery:
            for text in dict.fromkeys(texts):
                nursery.start_soon(pin, text)
        return frozenset(failed)

    async def warm_all(self, texts: Iterable[str]) -> None:
        """As `warm`, again and again until none is missing: a vendor that was ill at the start is well some time."""
        missing = texts
        while missing := await self.warm(missing):  # noqa: ASYNC110 - no vendor tells when it is well
            await trio.sleep(_WARM_AGAIN_SECONDS)

    def store(self, text: str, pcm: bytes) -> None:
        """Keep a completely synthesised text, evicting older ones."""
        if not 0 < len(pcm) <= self._max_bytes or text in self._pinned:
            return
        self._forget(text)
        self._recent[text] = pcm
        self._recent_bytes += len(pcm)
        while self._recent_bytes > self._max_bytes:
            self._forget(next(iter(self._recent)))

    def _forget(self, text: str) -> None:
        self._recent_bytes -= len(self._recent.pop(text, b""))

    async def _whole(self, text: str) -> bytes:
        async with self._synthesizer.synthesize(text) as chunks:
            pcm = b"".join([chunk async for chunk in chunks])
        if not pcm:
            raise SynthesizerError("phrases", "the synthesiser gave no audio")
        return pcm


class _Recording:
    """Passes chunks through and stores them once the synthesiser has come to its end; never an interrupted text."""

    def __init__(self, cache: PhraseCache, text: str, chunks: AsyncIterator[bytes]) -> None:
        self._cache = cache
        self._text = text
        self._chunks = chunks
        self._heard: list[bytes] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._cache.store(self._text, b"".join(self._heard))
            self._heard.clear()
            raise
        self._heard.append(chunk)
        return chunk
