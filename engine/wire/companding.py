"""Tells a mu-law AudioSocket from a linear one.

Why: `Dial(AudioSocket/host:port/uuid)` without `c(slin)` sends 160 bytes of mu-law per 20 ms under frame type 0x10,
which says slin. Read as slin, the caller is loud noise. A length of 160 alone is no proof: it is also 10 ms of true
slin, which a trunk with `ptime=10` sends.

How: the wrong reading is the louder one. Mu-law puts the sign in the top bit and inverts the rest, so quiet speech read
as slin jumps between -256 and +32767; slin's small numbers (0x00, 0x01) read as mu-law are its loudest codes. So each
frame is taken for whatever is quieter, and after a few frames in a row that agree, so are all the others.
"""

from typing import Final

from engine.audio import rms
from engine.wire.g711 import mulaw_to_pcm

_MULAW_FRAME_BYTES: Final = 160
_AGREEING_FRAMES: Final = 5


class CompandingDetector:
    """Fed with the payload of every frame labelled slin 8 kHz; returns what it really is, as slin."""

    def __init__(self) -> None:
        self._settled = False
        self._in_a_row = 0
        self.is_mulaw = False
        """The current belief."""

    def linear(self, payload: bytes) -> bytes:
        """Payload as labelled -> 16-bit PCM."""
        if not self._settled:
            self._judge(payload)
        return mulaw_to_pcm(payload) if self.is_mulaw else payload

    def _judge(self, payload: bytes) -> None:
        if len(payload) != _MULAW_FRAME_BYTES:
            self._settled, self.is_mulaw = True, False
            return
        looks_mulaw = rms(mulaw_to_pcm(payload)) < rms(payload)
        self._in_a_row = self._in_a_row + 1 if looks_mulaw == self.is_mulaw else 1
        self.is_mulaw = looks_mulaw
        self._settled = self._in_a_row >= _AGREEING_FRAMES
