"""Brings a wire's sample rate to the engine's 8 kHz and back. Nothing is built, nothing converted, while both agree."""

from engine.audio import RATE
from engine.media.resample import StreamResampler


class RateBridge:
    """One connection's two resamplers. The far side is spoken to in the rate it speaks itself, 8 kHz until it does."""

    def __init__(self) -> None:
        self.wire_rate = RATE
        self._inward: StreamResampler | None = None
        self._outward: StreamResampler | None = None

    def inward(self, pcm: bytes, rate: int) -> bytes:
        """Wire audio -> 8 kHz. A new `rate` becomes that of the other direction too."""
        if rate != self.wire_rate:
            self._follow(rate)
        return pcm if self._inward is None else self._inward.convert(pcm)

    def outward(self, pcm: bytes) -> bytes:
        """8 kHz -> audio at `wire_rate`."""
        return pcm if self._outward is None else self._outward.convert(pcm)

    def _follow(self, rate: int) -> None:
        self.wire_rate = rate
        same = rate == RATE
        self._inward = None if same else StreamResampler(rate, RATE)
        self._outward = None if same else StreamResampler(RATE, rate)
