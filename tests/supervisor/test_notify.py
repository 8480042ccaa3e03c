"""What systemd is told, over a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from engine.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The receiving end, and its NOTIFY_SOCKET."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@callctl-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + address[1:] if address.startswith("@") else address)
        receiver.setblocking(False)
        yield receiver, address


def received(receiver: socket.socket) -> list[bytes]:
    """Everything that waits."""
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(receiver.recv(200))
    return messages


async def test_ready_and_stopping(systemd: tuple[socket.socket, str], nursery: trio.Nursery) -> None:
    receiver, address = systemd
    notifier = Notifier.from_env({"NOTIFY_SOCKET": address})
    notifier.ready("answering calls")
    assert received(receiver) == [b"READY=1\nSTATUS=answering calls"]
    stop = trio.Event()
    nursery.start_soon(notifier.tell_stopping, stop)
    await trio.testing.wait_all_tasks_blocked()
    assert received(receiver) == []
    stop.set()
    await trio.testing.wait_all_tasks_blocked()
    assert received(receiver) == [b"STOPPING=1\nSTATUS=draining"]


async def test_the_watchdog_is_fed_twice_as_often_as_needed(
    systemd: tuple[socket.socket, str], autojump_clock: trio.testing.MockClock
) -> None:
    receiver, address = systemd
    notifier = Notifier.from_env({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"})
    with trio.move_on_after(10.5):
        await notifier.feed_watchdog()
    assert received(receiver) == [b"WATCHDOG=1"] * 11


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}],
)
async def test_who_is_not_watched_does_not_feed(environment: dict[str, str]) -> None:
    with trio.fail_after(1):
        await Notifier.from_env(environment).feed_watchdog()


def test_nothing_happens_without_systemd_and_nothing_breaks_when_it_is_gone(tmp_path: Path) -> None:
    Notifier().ready("answering calls")
    Notifier.from_env({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("answering calls")
