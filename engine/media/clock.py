"""The media clock: one 20 ms wheel for the outbound frames of every call, in phases 5 ms apart.

Before: nothing but time, handed in by `engine.transport.ticker`. After: each call's tick, which takes one frame from
its playout (or silence) and puts it on the wire.

Why one wheel: a sleeping task per call collapses at about 200 calls a core, one task that runs everybody's tick does
not. Why phases: 400 frames in one burst every 20 ms would make the last of them late; four bursts of 100 do not.
Why absolute deadlines: a far side without a buffer plays what it gets, so a clock that drifts is heard.

Time is counted in slots of 5 ms since `start`. A seat in phase p is due in every slot s with s % 4 == p; it also
remembers its own next slot, so that moving between phases can neither double a frame nor leave a hole.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from engine.audio import FRAME_SECONDS

PHASES: Final = 4
SLOT_SECONDS: Final = FRAME_SECONDS / PHASES
MAX_CATCH_UP: Final = 5
"""Frames sent at once after a stall; more would only fill the far side's buffer with the past."""

_EPSILON: Final = 1e-6
"""A wake-up this early (s) is on time: floating point, not earliness."""
_BIN_SECONDS: Final = 0.0005
_BINS: Final = 400

type Tick = Callable[[float], None]
"""Called with the present time (monotonic s), once per frame due."""


@dataclass(eq=False, slots=True)
class Seat:
    """A call's place on the wheel; opaque to its holder."""

    tick: Tick
    phase: int
    next_slot: int
    is_early: bool = False
    """Its last frame was sent by a nudge, ahead of time."""


@dataclass(frozen=True, slots=True)
class ClockStatistics:
    """Lateness in seconds, over all ticks since the start, to half a millisecond."""

    seats: int
    ticks: int
    missed: int
    """Frames never sent because a stall was longer than `MAX_CATCH_UP` frames."""
    failed: int
    """Seats dropped because their tick raised."""
    lateness_p50: float
    lateness_p99: float
    lateness_max: float


@dataclass(slots=True)
class _Lateness:
    """A histogram cheap enough for every tick: one addition per slot, weighted by its seats."""

    bins: list[int] = field(default_factory=lambda: [0] * _BINS)
    total: int = 0
    worst: float = 0.0

    def add(self, seconds: float, weight: int) -> None:
        self.bins[min(int(seconds / _BIN_SECONDS), _BINS - 1)] += weight
        self.total += weight
        self.worst = max(self.worst, seconds)

    def percentile(self, share: float) -> float:
        """The upper edge of the bin that holds it."""
        wanted = self.total * share
        seen = 0
        for index, count in enumerate(self.bins):
            seen += count
            if count and seen >= wanted:
                return min((index + 1) * _BIN_SECONDS, self.worst)
        return 0.0


class MediaClock:
    """The wheel. `observe` gets the lateness (s) of each slot run that had seats; `on_error` gets what a tick raised,
    after its seat has been dropped."""

    def __init__(
        self,
        start: float,
        *,
        on_error: Callable[[Seat, Exception], None],
        observe: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._start = start
        self._on_error = on_error
        self._observe = observe
        self._phases: tuple[dict[Seat, None], ...] = tuple({} for _ in range(PHASES))
        self._next_slot = 0
        self._awaited_slot = 0
        self._running: Seat | None = None
        self._lateness = _Lateness()
        self._missed = 0
        self._failed = 0

    def register(self, tick: Tick, now: float) -> Seat:
        """Take a place in the least loaded phase. The first tick comes within two frames; `nudge` for one at once."""
        phase = min(range(PHASES), key=lambda p: len(self._phases[p]))
        # Not before the slot the ticker already sleeps towards: it would come late.
        first = max(self._slot_at(now) + 1, self._awaited_slot)
        seat = Seat(tick, phase, first + (phase - first) % PHASES)
        self._phases[phase][seat] = None
        return seat

    def unregister(self, seat: Seat) -> None:
        """Leave the wheel. Idempotent."""
        self._phases[seat.phase].pop(seat, None)

    def nudge(self, seat: Seat, now: float) -> bool:
        """The first frame of an answer leaves now: tick at once, and go on in the phase whose deadline is the latest
        within one frame. So one frame is early, and no gap is longer than a frame. Refused (False) while the seat
        is already early, not on the wheel, or in the middle of its own tick."""
        if seat.is_early or seat is self._running or seat not in self._phases[seat.phase]:
            return False
        slot = self._slot_at(now) + PHASES
        self._phases[seat.phase].pop(seat)
        seat.phase, seat.next_slot, seat.is_early = slot % PHASES, slot, True
        self._phases[seat.phase][seat] = None
        self._run(seat, now)
        return True

    def run_due(self, now: float) -> None:
        """Run every seat whose deadline has come, once per deadline."""
        last = self._slot_at(now)
        first = max(self._next_slot, last - MAX_CATCH_UP * PHASES + 1)
        self._missed += self._seats_due(self._next_slot, first)
        self._next_slot = max(self._next_slot, last + 1)
        for slot in range(first, last + 1):
            self._run_slot(slot, now)

    def next_deadline(self) -> float:
        """When to call `run_due` next; at most one frame after the slot last run."""
        self._awaited_slot = next(
            (s for s in range(self._next_slot, self._next_slot + PHASES) if self._phases[s % PHASES]),
            self._next_slot + PHASES - 1,
        )
        return self._start + self._awaited_slot * SLOT_SECONDS

    def statistics(self) -> ClockStatistics:
        late = self._lateness
        return ClockStatistics(
            seats=sum(map(len, self._phases)),
            ticks=late.total,
            missed=self._missed,
            failed=self._failed,
            lateness_p50=late.percentile(0.50),
            lateness_p99=late.percentile(0.99),
            lateness_max=late.worst,
        )

    def _slot_at(self, now: float) -> int:
        """The last slot whose deadline has come."""
        return math.floor((now - self._start + _EPSILON) / SLOT_SECONDS)

    def _run_slot(self, slot: int, now: float) -> None:
        due = [seat for seat in self._phases[slot % PHASES] if seat.next_slot <= slot]
        if not due:
            return
        late = max(0.0, now - self._start - slot * SLOT_SECONDS)
        self._lateness.add(late, len(due))
        self._observe(late)
        here = self._phases[slot % PHASES]
        for seat in due:
            if seat in here and seat.next_slot <= slot:  # an earlier tick may have removed or nudged it
                seat.next_slot = slot + PHASES
                seat.is_early = False
                self._run(seat, now)

    def _run(self, seat: Seat, now: float) -> None:
        outer, self._running = self._running, seat
        try:
            seat.tick(now)
        except Exception as error:  # noqa: BLE001 - one call's fault may not silence the others
            self.unregister(seat)
            self._failed += 1
            self._on_error(seat, error)
        finally:
            self._running = outer

    def _seats_due(self, first: int, last: int) -> int:
        """Frames that fall due in slots first <= s < last."""
        whole, rest = divmod(max(0, last - first), PHASES)
        return whole * sum(map(len, self._phases)) + sum(len(self._phases[(first + i) % PHASES]) for i in range(rest))
