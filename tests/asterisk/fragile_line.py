"""Between Asterisk and an engine: a relay of TCP connections that can lose them on purpose."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import trio

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, of no time: closing sends RST."""


@dataclass(slots=True)
class FragileLine:
    """`port` stands for the engine's."""

    port: int
    connections: set[trio.SocketStream] = field(default_factory=set)

    def reset(self) -> None:
        """Every connection, towards Asterisk as towards the engine."""
        for stream in self.connections:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            stream.socket.close()


@asynccontextmanager
async def fragile_line(target: tuple[str, int]) -> AsyncIterator[FragileLine]:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    line = FragileLine(listener.socket.getsockname()[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, partial(_relay, line, target), [listener]))
        yield line
        nursery.cancel_scope.cancel()


async def _relay(line: FragileLine, target: tuple[str, int], near: trio.SocketStream) -> None:
    async with await trio.open_tcp_stream(*target) as far, trio.open_nursery() as nursery:
        line.connections |= {near, far}
        nursery.start_soon(_copy, near, far, nursery.cancel_scope)
        nursery.start_soon(_copy, far, near, nursery.cancel_scope)


async def _copy(source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope) -> None:
    """Until either end is closed, by whomever."""
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in source:
            await sink.send_all(data)
    scope.cancel()
