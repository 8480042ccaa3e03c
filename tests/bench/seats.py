"""Calls' seats on the media clock, to see how late they get while something else is at work."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import trio

from engine.audio import SILENCE_FRAME
from engine.media.clock import MediaClock, Seat
from engine.transport.ticker import run_ticker


@dataclass(frozen=True, slots=True)
class Seats:
    """`nursery` ends with them. `late`: of each moment that frames were due, in s; the clock itself counts by halves of
    a millisecond, too roughly to compare two of them."""

    nursery: trio.Nursery
    clock: MediaClock
    late: list[float]

    def late_ms(self, percent: float) -> float:
        return float(np.percentile(self.late, percent)) * 1000


@asynccontextmanager
async def ticking(seats: int) -> AsyncIterator[Seats]:
    """So many, each sending a frame over a socket. May be asked how late they were also afterwards."""
    late: list[float] = []
    clock = MediaClock(trio.current_time(), on_error=_fail, observe=late.append)
    near, far = socket.socketpair()
    with closing(near), closing(far):
        near.setblocking(False)
        far.setblocking(False)

        def tick(now: float) -> None:
            near.send(SILENCE_FRAME)
            far.recv(len(SILENCE_FRAME))

        for _ in range(seats):
            clock.register(tick, trio.current_time())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_ticker, clock)
            yield Seats(nursery, clock, late)
            nursery.cancel_scope.cancel()


def _fail(seat: Seat, error: Exception) -> NoReturn:
    raise error
