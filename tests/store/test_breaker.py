"""The circuit breaker: what counts, when it opens, and that exactly one probe goes through."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from engine.breaker import BreakerOpen, CircuitBreaker


class Ill(Exception):
    """The vendor is ill."""


class Answered(Exception):
    """The vendor said no."""


class Lamp:
    def __init__(self) -> None:
        self.value = -1.0

    def set(self, value: float) -> None:
        self.value = value


@pytest.fixture
def lamp() -> Lamp:
    return Lamp()


@pytest.fixture
def breaker(lamp: Lamp) -> CircuitBreaker:
    return CircuitBreaker("vendor", illness=(Ill,), gauge=lamp, clock=trio.current_time)


def fail(breaker: CircuitBreaker, error: Callable[[], Exception], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises((Ill, Answered)), breaker.guard():
            raise error()


async def test_five_failures_in_a_row_open_it(breaker: CircuitBreaker, lamp: Lamp, autojump_clock: MockClock) -> None:
    fail(breaker, Ill, 4)
    assert lamp.value == 0
    with breaker.guard():
        pass
    fail(breaker, Ill, 4)
    assert not breaker.is_open
    fail(breaker, Ill)
    assert lamp.value == 1
    with pytest.raises(BreakerOpen), breaker.guard():
        pytest.fail("nothing may be sent while the breaker is open")


async def test_answers_and_cancellations_are_not_failures(breaker: CircuitBreaker, autojump_clock: MockClock) -> None:
    fail(breaker, Answered, 20)
    for _ in range(20):
        with trio.move_on_after(0), breaker.guard():
            await trio.sleep(1)
    assert not breaker.is_open


async def test_a_cancellation_does_not_wipe_the_count(breaker: CircuitBreaker, autojump_clock: MockClock) -> None:
    fail(breaker, Ill, 4)
    with trio.move_on_after(0), breaker.guard():
        await trio.sleep(1)
    fail(breaker, Ill)
    assert breaker.is_open


async def test_one_probe_at_a_time_and_success_closes(
    breaker: CircuitBreaker, lamp: Lamp, autojump_clock: MockClock
) -> None:
    fail(breaker, Ill, 5)
    await trio.sleep(29.9)
    with pytest.raises(BreakerOpen), breaker.guard():
        pass
    await trio.sleep(0.2)

    async def probe() -> None:
        with breaker.guard():
            await trio.sleep(3)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(probe)
        await trio.sleep(1)
        for _ in range(3):
            with pytest.raises(BreakerOpen), breaker.guard():
                pytest.fail("a second probe was let through")
    assert lamp.value == 0
    with breaker.guard():
        pass


async def test_a_failed_probe_opens_for_another_period(breaker: CircuitBreaker, autojump_clock: MockClock) -> None:
    fail(breaker, Ill, 5)
    await trio.sleep(31)
    fail(breaker, Ill)
    await trio.sleep(29)
    with pytest.raises(BreakerOpen), breaker.guard():
        pass
    await trio.sleep(2)
    with breaker.guard():
        pass
    assert not breaker.is_open


async def test_a_cancelled_probe_leaves_the_place_to_the_next(
    breaker: CircuitBreaker, autojump_clock: MockClock
) -> None:
    fail(breaker, Ill, 5)
    await trio.sleep(31)
    with trio.move_on_after(1), breaker.guard():
        await trio.sleep(10)
    assert breaker.is_open
    with breaker.guard():
        pass
    assert not breaker.is_open


async def test_a_late_answer_from_before_the_opening_decides_nothing(
    breaker: CircuitBreaker, autojump_clock: MockClock
) -> None:
    async def slow() -> None:
        with breaker.guard():
            await trio.sleep(40)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(slow)
        await trio.sleep(1)
        fail(breaker, Ill, 5)
    assert breaker.is_open


async def test_a_request_sent_after_the_wall_clock_was_set_back_still_gets_its_probe(
    breaker: CircuitBreaker, autojump_clock: MockClock
) -> None:
    """The virtual clock runs 31 s while the wall clock stands still: only monotonic time may count."""
    fail(breaker, Ill, 5)
    await trio.sleep(31)
    with breaker.guard():
        pass
    assert not breaker.is_open
