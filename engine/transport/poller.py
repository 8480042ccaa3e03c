"""Reads for every call: one epoll of all media sockets, nested in trio's own.

Why: a task per call in `await sock.recv()` pays trio's wake-up for every frame, 50 times a second a call. Here trio
sees one file descriptor, which is readable when any of the sockets is, and each ready socket costs one plain call.

A wake-up costs several times what serving a socket does. So while more than one is found ready at a time, the poller
rests a few milliseconds before it looks again and finds them together; a lone caller is served at once.

Level-triggered: a callback that reads only part of what is there is called again. So each may bound its work, and a
peer that floods us waits its turn like the others.
"""

import select
from collections.abc import Callable
from typing import Final, NoReturn

import trio

_AT_ONCE: Final = 4
"""Sockets asked for at a time; the kernel hands them out in turn, so none waits for ever."""
_REST_SECONDS: Final = 0.004
"""A fifth of a frame: what coalescing adds to the way of a caller's frame at most."""
_TURN_SECONDS: Final = 0.002
"""Then the other tasks go first, the media clock above all: after a hold-up on the network every caller's frames arrive
together, and reading them all in one go would keep every call's outbound frame waiting."""

type Readable = Callable[[], None]
"""Called when the socket has data, an end or an error to read. Must not block or raise."""


class Poller:
    """Registers sockets by descriptor; `run` calls them. Use as a context manager to release the epoll."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Readable] = {}

    def __enter__(self) -> "Poller":
        return self

    def __exit__(self, *exc: object) -> None:
        self._epoll.close()

    def __len__(self) -> int:
        return len(self._callbacks)

    def register(self, fd: int, callback: Readable) -> None:
        """Watch a socket. It must be unregistered before it is closed."""
        self._epoll.register(fd, select.EPOLLIN)
        self._callbacks[fd] = callback

    def unregister(self, fd: int) -> None:
        """Stop watching. Idempotent."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    async def run(self) -> NoReturn:
        """Call whoever is ready, until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            begun = trio.current_time()
            served, is_all = self._serve(begun + _TURN_SECONDS)
            if is_all and served > 1:
                await trio.sleep_until(begun + _REST_SECONDS)

    def _serve(self, until: float) -> tuple[int, bool]:
        """Call the ready ones, at most until then; how many, and whether that was all."""
        served = 0
        while ready := self._epoll.poll(0, _AT_ONCE):
            for fd, _ in ready:
                callback = self._callbacks.get(fd)
                if callback is not None:  # an earlier callback of this round may have unregistered it
                    callback()
            served += len(ready)
            if len(ready) < _AT_ONCE:
                break
            if trio.current_time() >= until:
                return served, False
        return served, True
