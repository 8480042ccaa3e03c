"""One bot utterance on its way to the line: sentences in, audio queued for playout.

Before: `dialogue.agent` says sentences. After: `call.egress`. Text is verbalised here, just before synthesis, on every
path, so that no digit or abbreviation reaches a synthesiser. The next sentence is synthesised while one is playing.
"""

from math import inf

import trio

from engine.call.egress import Egress
from engine.errors import SynthesizerError
from engine.speech.base import Synthesizer
from engine.speech.verbalize import verbalize

MAX_AHEAD_MS = 15_000
"""Synthesis pauses while this much audio is waiting to be played."""


class Utterance:
    """Sentences of one utterance, spoken in order. `say` from anywhere, `done` when no more will come."""

    def __init__(self, egress: Egress, synthesizer: Synthesizer) -> None:
        self._egress = egress
        self._synthesizer = synthesizer
        self._send, self._receive = trio.open_memory_channel[str](inf)
        self._said = 0
        self.fillers: list[bool] = []
        """For each segment in the order played: whether it was a filler."""

    def say(self, sentence: str) -> None:
        """Queue a sentence; never blocks."""
        self._said += 1
        self._send.send_nowait(sentence)

    def done(self) -> None:
        self._send.close()

    @property
    def awaits_voice(self) -> bool:
        """Something was said that the synthesiser has not begun to give."""
        return self.fillers.count(False) < self._said

    async def speak(self) -> None:
        """Synthesise and queue everything said until `done`. Raises `SynthesizerError`."""
        async for sentence in self._receive:
            await self._synthesise(sentence)
        self._egress.playout.end()

    def fill(self, text: str, pcm: bytes) -> None:
        """Speak ready audio now (a filler while the answer is awaited), unless there is audio or about to be."""
        playout = self._egress.playout
        if playout.is_idle and not playout.segment_open and not playout.finished:
            self._queue(text, pcm, filler=True)
            playout.close_segment()

    async def _synthesise(self, sentence: str) -> None:
        playout = self._egress.playout
        opened = False
        async with self._synthesizer.synthesize(verbalize(sentence)) as chunks:
            async for pcm in chunks:
                if opened:
                    playout.push(pcm)
                else:
                    self._queue(sentence, pcm)
                    opened = True
                if playout.depth_ms > MAX_AHEAD_MS:
                    await trio.sleep((playout.depth_ms - MAX_AHEAD_MS) / 1000)
        if not opened:
            raise SynthesizerError("synthesizer", "a sentence without audio")
        playout.close_segment()

    def _queue(self, text: str, pcm: bytes, *, filler: bool = False) -> None:
        self.fillers.append(filler)
        self._egress.playout.open_segment(text)
        self._egress.playout.push(pcm)
        self._egress.ready()
