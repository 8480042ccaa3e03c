"""How much audio goes to the recogniser in one message. Pure.

Before: `call.ingress`. After: a recogniser stream. A message costs CPU whatever its size, so steady audio travels in
chunks of 100 ms (FACTS, "Google"). But what comes right after the caller's last word decides when the final result
can leave, so for a while after the voice stops every frame goes at once.
"""

from engine.audio import FRAME_MS

STEADY_FRAMES = 5
"""100 ms."""
URGENT_FRAMES = 500 // FRAME_MS
"""How long after the last voiced frame each frame leaves at once."""


class Chunker:
    """`push(frame, voiced)` returns what is to be sent now: b"" or one or more whole frames."""

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self._urgent = 0

    def push(self, frame: bytes, voiced: bool) -> bytes:
        self._frames.append(frame)
        if voiced:
            self._urgent = URGENT_FRAMES
        elif self._urgent:
            self._urgent -= 1
            return self._take()
        return self._take() if len(self._frames) >= STEADY_FRAMES else b""

    def _take(self) -> bytes:
        chunk = b"".join(self._frames)
        self._frames.clear()
        return chunk
