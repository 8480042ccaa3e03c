"""The jitter buffer of the caller's audio: any chunks in, whole 20 ms frames in order out.

Before: a transport's `Audio` events. After: voice activity and the recogniser, never a loudspeaker. That decides what
is right here:

- A listener does not need even spacing, it needs everything soon. So a frame that may leave leaves at once, and a
  burst after a hole leaves as a burst. A constant playout delay would be added to every turn and buy nothing.
- Order is the only thing worth waiting for, and only a wire that numbers its packets can lose it. `depth_ms` is how
  long a missing number is waited for: 0 while arrivals are smooth, twice the measured jitter (RFC 3550 section
  6.4.1) when they are not, and at least as long as the last packets that came too late; it shrinks again, by half in
  about three seconds.
- A number given up is filled with concealment, so that the stream's time stays true; when it comes after all it is
  late, and not used: the recogniser has been told another story by then.
- Endpointing counts frames, so time must go on when nothing arrives (a carrier's silence suppression, a dead leg).
  Asterisk under load leaves holes of 320 ms with all the audio behind them, so concealment starts only after
  `conceal_after_ms`: what is invented earlier would be heard twice.
- The backlog behind a hole is bounded: beyond `max_backlog_ms` the oldest goes.

Every frame pushed has exactly one fate: pushed = popped + queued + dropped + late + duplicates.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from engine.audio import FRAME_BYTES, FRAME_MS, FRAME_SECONDS
from engine.media.concealment import Concealment

_GAP_SECONDS: Final = 3 * FRAME_SECONDS
"""An arrival this much after the one before counts as a gap."""
_SMOOTH_SECONDS: Final = 0.004
"""Jitter below this is the peer's scheduler, not the network."""
_DECAY: Final = 0.995
"""Per arrival: halves the memory of late packets in 140 frames, about three seconds."""
_RESYNC_FRAMES: Final = 150
"""A jump in numbering beyond this is a new numbering, not three seconds of loss."""
_MAX_BEHIND: Final = 5 * FRAME_SECONDS
"""After a stall of our own, concealment does not make up for more than this."""


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of the caller's audio."""

    pcm: bytes
    concealed: bool = False
    """Invented: nothing, or nothing usable, arrived for this time."""


@dataclass(frozen=True, slots=True)
class JitterStatistics:
    """Counts are frames of 20 ms."""

    pushed: int
    popped: int
    """Real frames handed on."""
    queued: int
    late: int
    """Numbers that came after they had been given up."""
    duplicates: int
    lost: int
    """Numbers given up, whether or not they came later."""
    gaps: int
    """Pauses in arrival of 60 ms and more."""
    underruns: int
    """Holes so long that concealment began."""
    concealed: int
    dropped: int
    """The oldest of a backlog too long."""
    depth_ms: float
    jitter_ms: float


class JitterBuffer:
    """`push` what arrives; then `pop` until None. `pop` also each 20 ms, for concealment. Times are monotonic s."""

    def __init__(
        self, *, max_depth_ms: float = 100, conceal_after_ms: float = 400, max_backlog_ms: float = 3000
    ) -> None:
        self._max_depth = max_depth_ms / 1000
        self._conceal_after = conceal_after_ms / 1000
        self._max_backlog = int(max_backlog_ms // FRAME_MS)
        self._leftover = b""
        self._ready: deque[Frame] = deque()
        self._pending: dict[int, tuple[bytes, float]] = {}
        self._expected: int | None = None
        self._first = 0
        self._given_up: dict[int, float] = {}
        self._concealment = Concealment()
        self._last_arrival: float | None = None
        self._last_media, self._last_sequence = 0.0, 0
        self._conceal_at = math.inf
        self._in_hole = False
        self._jitter = 0.0
        self._late_by = 0.0
        self._pushed = self._popped = self._late = self._duplicates = self._lost = 0
        self._gaps = self._underruns = self._concealed = self._dropped = 0

    def push(self, pcm: bytes, now: float, sequence: int | None = None) -> None:
        """Take audio. Without `sequence`: an ordered stream in chunks of any even length. With it: one packet of one
        frame. Raises ValueError on other lengths."""
        if len(pcm) % 2 or (sequence is not None and len(pcm) != FRAME_BYTES):
            raise ValueError(f"{len(pcm)} bytes are not whole {'samples' if sequence is None else 'frames'}")
        self._measure(len(pcm) / FRAME_BYTES * FRAME_SECONDS, now, sequence)
        if sequence is None:
            self._push_stream(pcm)
        else:
            self._push_packet(pcm, now, sequence)
        self._bound_backlog()

    def pass_through(self, pcm: bytes, now: float) -> bool:
        """Push and pop in one, for the usual case: one whole frame of an ordered stream and nothing before it. True:
        `pcm` is the next frame, on record as pushed and popped. False: nothing has happened, `push` it."""
        if len(pcm) != FRAME_BYTES or self._ready or self._leftover or self._pending:
            return False
        self._measure(FRAME_SECONDS, now, None)
        self._pushed += 1
        self._popped += 1
        self._concealment.heard(pcm)
        return True

    def is_due(self, now: float) -> bool:
        """Whether `pop` might have a frame: cheap, for every tick."""
        return now + 1e-6 >= self._conceal_at or bool(self._pending) or bool(self._ready) or self._last_arrival is None

    def pop(self, now: float) -> Frame | None:
        """The next frame that is due, or None."""
        if self._last_arrival is None:
            self._last_arrival, self._conceal_at = now, now + self._conceal_after
        self._advance(now)
        if self._ready:
            frame = self._ready.popleft()
            if not frame.concealed:
                self._popped += 1
                self._concealment.heard(frame.pcm)
            return frame
        if now + 1e-6 < self._conceal_at:
            return None
        if not self._in_hole:
            self._in_hole = True
            self._underruns += 1
        self._conceal_at = max(self._conceal_at + FRAME_SECONDS, now - _MAX_BEHIND)
        return self._conceal()

    @property
    def depth_ms(self) -> float:
        """How long a missing number is waited for now."""
        return self._depth * 1000

    def statistics(self) -> JitterStatistics:
        return JitterStatistics(
            pushed=self._pushed,
            popped=self._popped,
            queued=sum(not frame.concealed for frame in self._ready) + len(self._pending),
            late=self._late,
            duplicates=self._duplicates,
            lost=self._lost,
            gaps=self._gaps,
            underruns=self._underruns,
            concealed=self._concealed,
            dropped=self._dropped,
            depth_ms=self.depth_ms,
            jitter_ms=self._jitter * 1000,
        )

    @property
    def _depth(self) -> float:
        wanted = max(2 * self._jitter if self._jitter > _SMOOTH_SECONDS else 0.0, self._late_by)
        return min(wanted, self._max_depth) if wanted >= _SMOOTH_SECONDS else 0.0

    def _measure(self, media: float, now: float, sequence: int | None) -> None:
        """The interarrival jitter of RFC 3550: J += (|D| - J) / 16."""
        if self._last_arrival is not None:
            passed = now - self._last_arrival
            expected = self._last_media if sequence is None else (sequence - self._last_sequence) * FRAME_SECONDS
            # A longer hole is an outage, a larger jump another numbering: neither says anything about jitter.
            if max(passed, abs(expected)) < self._conceal_after:
                self._jitter += (abs(passed - expected) - self._jitter) / 16
            self._gaps += passed >= _GAP_SECONDS
        self._last_media, self._last_sequence = media, sequence or 0
        self._late_by *= _DECAY
        self._last_arrival = now
        self._conceal_at = now + self._conceal_after
        self._in_hole = False

    def _push_stream(self, pcm: bytes) -> None:
        if self._leftover:
            pcm = self._leftover + pcm
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self._ready.append(Frame(pcm[start : start + FRAME_BYTES]))
        self._pushed += whole // FRAME_BYTES
        self._leftover = pcm[whole:]

    def _push_packet(self, pcm: bytes, now: float, sequence: int) -> None:
        self._pushed += 1
        if self._expected is None:
            self._expected = self._first = sequence
        elif abs(sequence - self._expected) > _RESYNC_FRAMES:
            self._release_pending()
            self._given_up.clear()
            self._expected = self._first = sequence
        if sequence in self._pending:
            self._duplicates += 1
        elif sequence >= self._expected:
            self._pending[sequence] = (pcm, now)
        elif (given_up := self._given_up.pop(sequence, None)) is not None:
            self._late += 1
            # It would have been caught had the wait been this much longer.
            self._late_by = max(self._late_by, min(self._depth + now - given_up + FRAME_SECONDS / 2, self._max_depth))
        elif sequence < self._first:
            self._late += 1
        else:
            self._duplicates += 1

    def _advance(self, now: float) -> None:
        """Move what is in order, or has been waited for long enough, from pending to ready."""
        while self._pending:
            assert self._expected is not None
            if (packet := self._pending.pop(self._expected, None)) is not None:
                self._ready.append(Frame(packet[0]))
                self._expected += 1
                continue
            if now + 1e-6 < min(arrived for _, arrived in self._pending.values()) + self._depth:
                return
            self._give_up_before(min(self._pending), now)

    def _give_up_before(self, sequence: int, now: float) -> None:
        assert self._expected is not None
        for missing in range(self._expected, sequence):
            self._lost += 1
            self._given_up[missing] = now
            self._ready.append(self._conceal())
        while len(self._given_up) > _RESYNC_FRAMES:
            del self._given_up[next(iter(self._given_up))]
        self._expected = sequence

    def _release_pending(self) -> None:
        self._ready.extend(Frame(self._pending[number][0]) for number in sorted(self._pending))
        self._pending.clear()

    def _conceal(self) -> Frame:
        self._concealed += 1
        return Frame(self._concealment.next_frame(), concealed=True)

    def _bound_backlog(self) -> None:
        while len(self._ready) > self._max_backlog:
            self._dropped += not self._ready.popleft().concealed
        while len(self._pending) > self._max_backlog:
            oldest = min(self._pending)
            del self._pending[oldest]
            self._dropped += 1
            self._expected = oldest + 1
