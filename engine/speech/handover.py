"""What an endless recognition stream must decide when one vendor stream takes over from another. Sans-IO.

The rule by which no word is lost and none doubled:

- Audio up to the end of the last final transcript is *settled*: its words have been reported. All later audio is kept.
- When a stream takes over, it is first sent everything unsettled, and from that moment on nobody listens to the old
  one: whatever it could still say is about audio that the new one hears, too.
- In silence (no interim transcript open, no speech by the vendor's own voice activity) a healthy stream has already
  reported what was said, except perhaps a word that is just beginning: then only the last four seconds are replayed.
- If speech has gone on without a final for longer than the ring holds, the words at its front could not be replayed.
  Then the open interim is reported as a final, and the replay begins where it ended.

Times are milliseconds of the whole call's audio, unless named `now` (seconds of any clock).
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from engine.audio import FRAME_BYTES, RATE
from engine.speech.base import RecognizerEvent, SpeechActivity, Transcript

_BYTES_PER_MS: Final = 2 * RATE // 1000
_QUIET_RING_SECONDS: Final = 10.0
"""Kept while nobody speaks, which is most of a call: only audio that a stream broke too early to report."""
_QUIET_REPLAY_MS: Final = 4_000
"""Google reports a short word up to 2.5 s late."""
_EARLY: Final = 0.9
"""Part of a stream's life after which the first silence is taken for the hand-over."""
_STALE_MS: Final = 5_000
"""An interim that nothing has followed for this much audio was noise: no final will come."""
_FAILURES_APART: Final = 5.0
"""Seconds within which a second failure, without a final in between, ends the recognition."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """What a new stream starts with."""

    replay: bytes
    """Audio to send first, whole frames if whole frames were pushed."""
    promoted: Transcript | None
    """An interim of the old stream to report as final."""


class Handover:
    """The audio that is not settled yet, the clock of the call, and the fate of the streams."""

    def __init__(self, *, stream_seconds: float, ring_seconds: float) -> None:
        self._stream_seconds = stream_seconds
        self._ring_bytes = int(ring_seconds * 1000) * _BYTES_PER_MS
        self._quiet_ring_bytes = min(self._ring_bytes, int(_QUIET_RING_SECONDS * 1000) * _BYTES_PER_MS)
        self._ring: deque[bytes] = deque()
        self._start = 0
        """Where the ring begins and ends, in bytes of the call's audio."""
        self._end = 0
        self._settled = 0
        self._origin = 0
        """Where the current stream's audio begins."""
        self._interim: Transcript | None = None
        self._interim_at = 0
        """Where in the audio the open interim arrived."""
        self._speaking = False
        self._taken_over_at: float | None = None
        self._failed_at: float | None = None

    @property
    def quiet(self) -> bool:
        """Nothing is being said, as far as the vendor has told."""
        stale = self._end - self._interim_at > _STALE_MS * _BYTES_PER_MS
        return not self._speaking and (self._interim is None or stale)

    def push(self, pcm: bytes) -> None:
        """Audio has been received from the caller."""
        self._ring.append(pcm)
        self._end += len(pcm)
        self._trim()

    def due(self, now: float) -> bool:
        """Whether a new stream should be opened to take over from a healthy one."""
        if self._taken_over_at is None:
            return False
        age = now - self._taken_over_at
        return age >= self._stream_seconds * (_EARLY if self.quiet else 1.0)

    def postpone(self, now: float, seconds: float) -> None:
        """The new stream could not be opened: ask again later."""
        self._taken_over_at = now + seconds - self._stream_seconds

    def take_over(self, now: float, *, healthy: bool) -> Takeover:
        """A new stream is open and the old one is not listened to any more; `healthy`: it was still working."""
        promoted = None
        if self.quiet and healthy:
            cut = max(self._settled, self._end - _QUIET_REPLAY_MS * _BYTES_PER_MS)
        else:
            cut = self._settled
            if cut < self._start and self._interim is not None:
                promoted, self._interim = replace(self._interim, is_final=True, stability=None), None
                cut = round(promoted.end_ms) * _BYTES_PER_MS
        self._origin = max(self._start, cut - cut % FRAME_BYTES)
        self._settled = max(self._settled, self._origin)
        self._taken_over_at = now
        return Takeover(b"".join(self._ring)[self._origin - self._start :], promoted)

    def heard(self, event: RecognizerEvent) -> RecognizerEvent | None:
        """An event of the current stream, in the call's time; None if it says nothing new."""
        origin_ms = self._origin / _BYTES_PER_MS
        if isinstance(event, SpeechActivity):
            # A new stream reports once more the speech that its predecessor had reported.
            if event.started == self._speaking:
                return None
            self._speaking = event.started
            return replace(event, at_ms=event.at_ms + origin_ms)
        translated = replace(event, end_ms=event.end_ms + origin_ms) if event.end_ms else event
        if event.is_final:
            self._interim = None
            self._failed_at = None
            self._settle(round(translated.end_ms) * _BYTES_PER_MS or self._end)
        else:
            self._interim, self._interim_at = translated, self._end
        return translated

    def failed(self, now: float) -> bool:
        """The current stream broke. False: for the second time at once; give up."""
        again = self._failed_at is None or now - self._failed_at > _FAILURES_APART
        self._failed_at = now
        return again

    def _settle(self, position: int) -> None:
        self._settled = max(self._settled, min(position, self._end))
        self._trim()

    def _trim(self) -> None:
        limit = self._quiet_ring_bytes if self.quiet else self._ring_bytes
        while self._ring and (self._end - self._start > limit or self._start + len(self._ring[0]) <= self._settled):
            self._start += len(self._ring.popleft())
        if self.quiet:
            self._settled = max(self._settled, self._start)  # what left the ring held no words
