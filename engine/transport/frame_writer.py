"""Outbound frames of one socket, written without ever waiting.

A frame goes out whole or not at all: what the kernel took of one is completed before the next. While the peer does not
read, frames are dropped, because audio kept for later is a delay that never drains.
"""

import socket
from collections.abc import Callable
from typing import Final

_SEND_BUFFER_BYTES: Final = 16_384
"""About a second of 8 kHz audio (the kernel doubles it for its own overhead): a peer that stops reading is noticed, and
one that starts again is not played the past."""


class Stalled(Exception):
    """The peer has read nothing for too long."""


class FrameWriter:
    """Owns the sending side of a non-blocking stream socket."""

    def __init__(self, sock: socket.socket, stall_timeout: float) -> None:
        self._sock = sock
        self._stall_timeout = stall_timeout
        self._rest = b""
        self._blocked_since: float | None = None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

    @property
    def is_blocked(self) -> bool:
        """Part of a frame waits for the peer to read."""
        return bool(self._rest)

    def write_nowait(self, frame: bytes, now: Callable[[], float]) -> bool:
        """Write a frame; False if the peer is not reading and it was dropped. Raises `Stalled` when that has lasted for
        `stall_timeout`, `OSError` when the connection is broken. `now` is asked only when it has to wait."""
        if self._rest:
            self.complete_nowait()
        sent = 0 if self._rest else self._send(frame)
        if sent == len(frame):
            self._blocked_since = None
            return True
        self._rest = self._rest or (frame[sent:] if sent else b"")
        if self._blocked_since is None:
            self._blocked_since = now()
        elif now() - self._blocked_since >= self._stall_timeout:
            raise Stalled
        return sent > 0

    def complete_nowait(self) -> None:
        """Write what remains of a begun frame, as far as the peer allows. Raises `OSError`."""
        self._rest = self._rest[self._send(self._rest) :]

    def _send(self, data: bytes) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
