"""The ticker on Trio's virtual clock: minutes of pacing in no time."""

import pytest
import trio
from trio.testing import MockClock

from engine.media.clock import MediaClock
from engine.metrics import LOOP_LAG, REGISTRY
from engine.transport.ticker import open_clock, run_ticker


def observed() -> float:
    return REGISTRY.get_sample_value("callctl_media_clock_lateness_seconds_count") or 0.0


async def run_for(clock: MediaClock, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await run_ticker(clock)


async def test_two_minutes_hold_the_pace(autojump_clock: MockClock) -> None:
    clock = open_clock()
    start = trio.current_time()
    at: list[float] = []
    before = observed()
    clock.register(at.append, start)
    await run_for(clock, 120)
    assert len(at) == pytest.approx(6_000, abs=1)
    assert at[-1] - at[0] == pytest.approx((len(at) - 1) * 0.02, abs=1e-6)
    assert observed() - before == len(at)


async def test_a_failing_tick_does_not_stop_the_ticker(autojump_clock: MockClock) -> None:
    clock = open_clock()
    ticks = 0

    def broken(now: float) -> None:
        raise ValueError("broken call")

    def good(now: float) -> None:
        nonlocal ticks
        ticks += 1

    clock.register(broken, trio.current_time())
    clock.register(good, trio.current_time())
    await run_for(clock, 1.0)
    assert ticks >= 49
    assert clock.statistics().failed == 1


async def test_the_worst_lag_of_a_second_is_kept(mock_clock: MockClock) -> None:
    clock = open_clock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_ticker, clock)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(0.5)  # as if the loop had stood still
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(0.6)
        await trio.testing.wait_all_tasks_blocked()
        assert REGISTRY.get_sample_value(LOOP_LAG._name) == pytest.approx(0.58, abs=0.03)
        nursery.cancel_scope.cancel()
