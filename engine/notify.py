"""Tells systemd how we are, where systemd has started us: sd_notify(3), which is one datagram.

`READY=1` once calls are welcome, `STOPPING=1` when the drain begins, `WATCHDOG=1` from the event loop: a loop that
hangs is silent, and systemd ends the process. Elsewhere nothing is sent.
"""

import os
import socket
from collections.abc import Mapping
from typing import Self

import trio

from engine.log import get_logger

log = get_logger("notify")


class Notifier:
    """`address` as in NOTIFY_SOCKET, empty for none; `watchdog_seconds` None where systemd does not watch."""

    def __init__(self, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_seconds = watchdog_seconds

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Of NOTIFY_SOCKET and WATCHDOG_USEC, if the latter is meant for this process."""
        microseconds = environment.get("WATCHDOG_USEC", "")
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = microseconds.isdecimal() and int(microseconds) > 0 and for_us
        return cls(environment.get("NOTIFY_SOCKET", ""), int(microseconds) / 1e6 if watched else None)

    def ready(self, status: str) -> None:
        """Calls are welcome; `status` is for `systemctl status`."""
        self._send(f"READY=1\nSTATUS={status}")

    async def tell_stopping(self, stop: trio.Event) -> None:
        """Once `stop` is set: no new calls, those in progress go on."""
        await stop.wait()
        self._send("STOPPING=1\nSTATUS=draining")

    async def feed_watchdog(self) -> None:
        """Until cancelled, twice as often as systemd wants it."""
        if self._watchdog_seconds is None:
            return
        while True:
            self._send("WATCHDOG=1")
            await trio.sleep(self._watchdog_seconds / 2)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("systemd_not_told", error=error.strerror)
