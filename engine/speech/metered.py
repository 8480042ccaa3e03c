"""One call's own view of the voice that all calls share: it counts what goes to the vendor, which bills by character.

Before: `call.voice`. After: the phrase cache; what it has costs nothing.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from engine.speech.base import Synthesizer
from engine.speech.phrases import PhraseCache


class MeteredVoice(Synthesizer):
    """`sent(characters)` is told of each text that the cache did not have."""

    def __init__(self, voice: PhraseCache, sent: Callable[[int], None]) -> None:
        self._voice = voice
        self._sent = sent

    def cached(self, text: str) -> bytes | None:
        """See `PhraseCache.cached`."""
        return self._voice.cached(text)

    def synthesize(self, text: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """See `Synthesizer.synthesize`."""
        if self._voice.cached(text) is None:
            self._sent(len(text))
        return self._voice.synthesize(text)
