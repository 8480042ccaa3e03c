"""Calls' seats on the media clock, to see how late they get while something else is at work."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import trio

from engine.audio import SILENCE_FRAME
from engine.media.clock import MediaClock
from engine.transport.ticker import open_clock, run_ticker


@asynccontextmanager
async def ticking(seats: int) -> AsyncIterator[tuple[trio.Nursery, MediaClock]]:
    """So many, each sending a frame over a socket; a nursery that ends with them, and the clock, which can be asked how
    late they were also afterwards."""
    clock = open_clock()
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
            yield nursery, clock
            nursery.cancel_scope.cancel()
