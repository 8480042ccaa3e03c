"""The wheel: one frame per 20 ms, whatever happens around it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio import FRAME_SECONDS
from engine.media.clock import MAX_CATCH_UP, PHASES, SLOT_SECONDS, MediaClock, Seat

START = 1000.0


def fail(seat: Seat, error: Exception) -> None:
    raise AssertionError(error)


def new_clock() -> MediaClock:
    return MediaClock(START, on_error=fail)


@dataclass
class Frames:
    """A tick that remembers when it ran."""

    at: list[float] = field(default_factory=list)

    def __call__(self, now: float) -> None:
        self.at.append(now)

    def longest_gap(self) -> float:
        return max(b - a for a, b in zip(self.at, self.at[1:], strict=False))


def run(clock: MediaClock, until: float) -> None:
    """Wake exactly at each deadline, as a perfect ticker would."""
    while (deadline := clock.next_deadline()) <= until:
        clock.run_due(deadline)


def test_every_seat_ticks_once_per_frame_without_drift() -> None:
    clock, frames = new_clock(), [Frames() for _ in range(10)]
    for tick in frames:
        clock.register(tick, START)
    run(clock, START + 60)
    for tick in frames:
        assert len(tick.at) in (3000, 2999, 3001)
        assert tick.at[-1] - tick.at[0] == pytest.approx((len(tick.at) - 1) * FRAME_SECONDS, abs=1e-6)
    assert clock.statistics().lateness_max < 1e-6


def test_seats_spread_evenly_over_the_phases() -> None:
    clock = new_clock()
    phases = [clock.register(Frames(), START).phase for _ in range(40)]
    assert all(phases.count(phase) == 10 for phase in range(PHASES))


def test_late_wake_ups_do_not_move_later_deadlines() -> None:
    clock, tick = new_clock(), Frames()
    clock.register(tick, START)
    for _ in range(500):
        clock.run_due(clock.next_deadline() + 0.004)
    first = tick.at[0]
    assert tick.at[-1] - first == pytest.approx((len(tick.at) - 1) * FRAME_SECONDS, abs=1e-6)
    assert clock.statistics().lateness_p50 == pytest.approx(0.004, abs=0.0006)


@pytest.mark.parametrize(("stall_frames", "sent", "missed"), [(1, 1, 0), (5, 5, 0), (6, 5, 1), (500, 5, 495)])
def test_a_stall_is_caught_up_to_five_frames(stall_frames: int, sent: int, missed: int) -> None:
    clock, ticks = new_clock(), [Frames() for _ in range(8)]
    for tick in ticks:
        clock.register(tick, START)
    run(clock, START + 1)
    before = [len(tick.at) for tick in ticks]
    clock.run_due(START + 1 + stall_frames * FRAME_SECONDS)
    assert [len(tick.at) - count for tick, count in zip(ticks, before, strict=True)] == [sent] * 8
    assert clock.statistics().missed == missed * 8
    assert sent <= MAX_CATCH_UP


@given(st.integers(0, 39), st.floats(0, 0.00499))
def test_a_nudge_sends_now_and_leaves_no_hole(slot: int, within: float) -> None:
    clock, tick = new_clock(), Frames()
    seat = clock.register(tick, START)
    run(clock, START + 1)
    now = START + 1 + slot * SLOT_SECONDS + within
    run(clock, now)
    sent = len(tick.at)
    assert clock.nudge(seat, now)
    assert tick.at[sent:] == [now]
    assert not clock.nudge(seat, now), "two frames early would be a burst"
    run(clock, now + 1)
    after = tick.at[sent:]
    assert 0.75 * FRAME_SECONDS - 1e-5 <= after[1] - now <= FRAME_SECONDS + 1e-5
    assert tick.longest_gap() <= FRAME_SECONDS + 1e-5
    assert len(after) in (50, 51)


def test_a_nudge_onto_a_phase_that_is_overdue_does_not_double_the_frame() -> None:
    clock, tick = new_clock(), Frames()
    seat = clock.register(tick, START)
    run(clock, START + 0.1)
    now = START + 0.1 + 0.033  # the ticker is late: every phase is overdue
    sent = len(tick.at)
    clock.nudge(seat, now)
    clock.run_due(now)
    assert len(tick.at) == sent + 1


def test_a_first_frame_can_leave_at_once() -> None:
    clock, tick = new_clock(), Frames()
    assert clock.nudge(clock.register(tick, START + 0.0123), START + 0.0123)
    assert tick.at == [START + 0.0123]


def test_a_failing_tick_is_dropped_and_the_others_go_on() -> None:
    dropped: list[tuple[Seat, Exception]] = []
    clock = MediaClock(START, on_error=lambda seat, error: dropped.append((seat, error)))
    error = ValueError("broken call")

    def broken(now: float) -> None:
        raise error

    good = [Frames() for _ in range(4)]
    for tick in good[:2]:
        clock.register(tick, START)
    bad = clock.register(broken, START)
    for tick in good[2:]:
        clock.register(tick, START)
    run(clock, START + 1)
    assert dropped == [(bad, error)]
    assert all(len(tick.at) >= 49 for tick in good)
    assert (clock.statistics().seats, clock.statistics().failed) == (4, 1)


def test_seats_may_come_and_go_inside_a_tick() -> None:
    clock, newcomer, victim_frames = new_clock(), Frames(), Frames()
    victim = clock.register(victim_frames, START)

    def tick(now: float) -> None:
        clock.unregister(seat)
        clock.unregister(victim)
        clock.register(newcomer, now)
        assert not clock.nudge(seat, now), "a tick cannot nudge itself"

    seat = clock.register(tick, START)
    run(clock, START + 0.5)
    assert clock.statistics().seats == 1
    assert len(newcomer.at) >= 22
    assert len(victim_frames.at) <= 1


def test_an_idle_clock_asks_for_a_wake_up_a_frame_away_at_most() -> None:
    clock = new_clock()
    run(clock, START + 1)
    now = START + 1
    assert now < clock.next_deadline() <= now + FRAME_SECONDS
    tick = Frames()
    clock.register(tick, now)
    run(clock, now + 0.2)
    assert clock.statistics().lateness_max < 1e-6
    assert tick.at[0] - now <= 2 * FRAME_SECONDS


def test_lateness_is_observed_once_per_slot_run() -> None:
    observed: list[float] = []
    clock = MediaClock(START, on_error=fail, observe=observed.append)
    for _ in range(100):
        clock.register(Frames(), START)
    clock.run_due(START)  # nobody is due before the first slot after registration
    for _ in range(8):
        clock.run_due(clock.next_deadline() + 0.002)
    assert len(observed) == 8
    assert observed == pytest.approx([0.002] * 8)
