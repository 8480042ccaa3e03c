"""When the loop counts as late: on samples, and on a loop that is really held up."""

import time
from collections.abc import Iterable

import trio
from trio.testing import MockClock

from engine.pbx.lateness import Lateness, watch_lateness

LIMIT = 0.06


def after(samples: Iterable[float]) -> Lateness:
    lateness = Lateness(LIMIT)
    for sample in samples:
        lateness.observe(sample)
    return lateness


def test_a_loop_that_keeps_time_is_not_late() -> None:
    assert not after([0.0] * 10).is_late
    assert not after([LIMIT] * 200).is_late, "the limit itself is allowed"


def test_a_single_stall_is_forgiven() -> None:
    assert not after([0.002] * 95 + [0.25, 0.2, 0.15, 0.1, 0.061]).is_late


def test_more_than_one_in_twenty_is_late() -> None:
    assert after([0.002] * 94 + [0.061] * 6).is_late
    assert after([0.061] * 6).is_late, "an engine that has just started does not wait for five seconds"


def test_it_is_in_time_again_only_below_half_the_limit() -> None:
    assert after([0.1] * 10 + [0.04] * 1000).is_late
    assert after([0.1] * 10 + [0.002] * 94).is_late, "late within the last five seconds"
    lateness = after([0.1] * 10 + [0.04] * 1000 + [0.03] * 100)
    assert not lateness.is_late
    lateness.observe(0.04)
    assert not lateness.is_late, "and then the limit is the whole one again"


def test_without_a_limit_nothing_is_late() -> None:
    lateness = Lateness(float("inf"))
    for _ in range(100):
        lateness.observe(9.0)
    assert not lateness.is_late


async def test_what_holds_up_the_loop_is_noticed_and_passes(nursery: trio.Nursery) -> None:
    lateness = Lateness(LIMIT)
    nursery.start_soon(watch_lateness, lateness)
    await trio.testing.wait_all_tasks_blocked()
    time.sleep(1.0)  # noqa: ASYNC251 - what no task may do
    await trio.sleep(0.05)
    assert lateness.is_late
    nursery.cancel_scope.cancel()


async def test_a_loop_in_time_stays_so(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    lateness = Lateness(LIMIT)
    nursery.start_soon(watch_lateness, lateness)
    await trio.sleep(60)
    assert not lateness.is_late
    nursery.cancel_scope.cancel()
