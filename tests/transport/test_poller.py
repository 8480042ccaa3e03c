"""The poller between many sockets that have much to say."""

import socket
import time
from collections import Counter

import trio

from engine.transport.poller import Poller

SOCKETS = 60


async def test_a_burst_on_every_socket_leaves_others_their_turn_and_each_socket_its_share() -> None:
    """As after a hold-up on the network: all are readable, and reading costs time."""
    served: Counter[int] = Counter()
    served_in_a_row, turns = 0, list[int]()
    pairs = [socket.socketpair() for _ in range(SOCKETS)]

    def serve(number: int) -> None:
        nonlocal served_in_a_row
        time.sleep(0.001)
        served[number] += 1
        served_in_a_row += 1
        pairs[number][0].recv(1)

    async def media_clock() -> None:
        nonlocal served_in_a_row
        while served.total() < SOCKETS * 3:
            await trio.lowlevel.checkpoint()
            turns.append(served_in_a_row)
            served_in_a_row = 0
        nursery.cancel_scope.cancel()

    with Poller() as poller:
        for number, (near, far) in enumerate(pairs):
            far.send(b"frame" * 3)
            poller.register(near.fileno(), lambda number=number: serve(number))  # type: ignore[misc]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poller.run)
            nursery.start_soon(media_clock)
    for near, far in pairs:
        near.close()
        far.close()
    assert max(turns) <= 8
    assert max(served.values()) - min(served.values()) <= 1
