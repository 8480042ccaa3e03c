"""The Trio shell of the media clock: sleep until the next deadline, run what is due, say how late it was.

One task per process, above every call's nursery. Times are `trio.current_time()`, as in every transport.
"""

import sys
from typing import Final, NoReturn

import trio

from engine.log import get_logger
from engine.media.clock import MediaClock, Seat
from engine.metrics import CLOCK_LATENESS, LOOP_LAG

SWITCH_SECONDS: Final = 0.001
"""How long another thread, such as gRPC's, may keep the interpreter from the clock. Python's default is a quarter of a
frame."""
_LAG_WINDOW: Final = 1.0
"""Seconds over which `LOOP_LAG` keeps its worst."""

log = get_logger("transport.ticker")


def open_clock() -> MediaClock:
    """A clock that starts now, on Trio's time. Lateness is observed once per slot run (at most 200 times a second,
    about 1 us each): seats are spread evenly over the phases, so weighting by seats would not change the picture."""
    return MediaClock(trio.current_time(), on_error=_report, observe=CLOCK_LATENESS.observe)


async def run_ticker(clock: MediaClock) -> NoReturn:
    """Drive `clock` until cancelled. Sets the interpreter's switch interval for the process."""
    sys.setswitchinterval(SWITCH_SECONDS)
    worst = 0.0
    window_end = trio.current_time() + _LAG_WINDOW
    while True:
        deadline = clock.next_deadline()
        await trio.sleep_until(deadline)
        now = trio.current_time()
        worst = max(worst, now - deadline)
        if now >= window_end:
            LOOP_LAG.set(worst)
            worst, window_end = 0.0, now + _LAG_WINDOW
        clock.run_due(now)


def _report(seat: Seat, error: Exception) -> None:
    log.error("tick_failed", phase=seat.phase, exc_info=error)
