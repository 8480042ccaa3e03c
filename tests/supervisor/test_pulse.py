"""When a worker counts as dead, and how soon the next one is started."""

from engine.supervisor.pulse import LOOK_SECONDS, SILENCE_SECONDS, Pauses, Pulse


def silence(pulse: Pulse, now: float) -> float:
    """Look as often as the supervisor does; how long until the worker is taken for dead."""
    began = now
    while not pulse.is_dead(now):
        now += LOOK_SECONDS
        assert now - began < 100
    return now - began


def test_a_beating_worker_lives_and_a_silent_one_dies_within_its_limit() -> None:
    pulse = Pulse(0.0)
    now = 0.0
    for _ in range(200):
        pulse.beat()
        now += LOOK_SECONDS
        assert not pulse.is_dead(now)
    assert SILENCE_SECONDS["beating"] - 0.2 <= silence(pulse, now) <= SILENCE_SECONDS["beating"] + 0.2


def test_a_start_may_take_longer_and_an_end_too() -> None:
    assert silence(Pulse(0.0), 0.0) > 30
    leaving = Pulse(0.0)
    leaving.beat()
    leaving.leave()
    assert 5 < silence(leaving, 0.0) < 15


def test_a_supervisor_that_was_stopped_does_not_find_its_workers_dead() -> None:
    pulse = Pulse(0.0)
    pulse.beat()
    assert not pulse.is_dead(3600.0), "an hour passed in which nobody looked"
    pulse.beat()
    assert not pulse.is_dead(3600.1)


def test_whoever_dies_at_once_is_started_ever_later_and_anew_after_a_long_life() -> None:
    pauses = Pauses()
    waits = [pauses.after(0.5) for _ in range(10)]
    assert waits == sorted(waits)
    assert waits[0] < 1 < waits[-1] <= 10
    assert pauses.after(3600.0) == waits[0]
    assert pauses.after(0.5) == waits[1]
