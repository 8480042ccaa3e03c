"""Emulators live on asyncio and the tests on Trio: each runs on a loop in a thread of its own, on a real port."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ops.emulators.anthropic_api import AnthropicEmulator
from ops.emulators.control import Controlled, control_server
from ops.emulators.faults import Faults
from ops.emulators.http_server import HttpServer
from ops.emulators.store_api import StoreEmulator

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=ZoneInfo("Europe/Kyiv"))


class ShopClock:
    """The time in the emulated shop; a test may move it."""

    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def today(self) -> date:
        return self.now.date()


class EmulatorHost:
    """Starts emulators on its own loop; every URL is stopped at the end of the test."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: list[AnthropicEmulator | StoreEmulator | HttpServer] = []

    def start[E: (AnthropicEmulator, StoreEmulator, HttpServer)](self, make: Callable[[], E]) -> tuple[E, str]:
        """Make an emulator on the loop's thread and start it: the emulator and its base URL."""

        async def start() -> tuple[E, str]:
            emulator = make()
            self._running.append(emulator)
            return emulator, f"http://127.0.0.1:{await emulator.start('127.0.0.1', 0)}"

        return asyncio.run_coroutine_threadsafe(start(), self._loop).result(5)

    def stop_all(self) -> None:
        async def stop() -> None:
            for emulator in self._running:
                await emulator.stop()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)


@contextmanager
def _host() -> Iterator[EmulatorHost]:
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        finished = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), finished))
        await finished.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    loop, finished = ready.result(5)
    host = EmulatorHost(loop)
    try:
        yield host
        host.stop_all()
    finally:
        loop.call_soon_threadsafe(finished.set)
        thread.join(5)


@pytest.fixture
def host() -> Iterator[EmulatorHost]:
    with _host() as host:
        yield host


@pytest.fixture
def shop_clock() -> ShopClock:
    return ShopClock()


@pytest.fixture
def store(host: EmulatorHost, shop_clock: ShopClock) -> tuple[StoreEmulator, str]:
    """The store emulator on a Monday morning, and its base URL."""
    return host.start(lambda: StoreEmulator(Faults(), api_key="store-key", now=shop_clock))


@pytest.fixture
def anthropic_api(host: EmulatorHost, shop_clock: ShopClock) -> tuple[AnthropicEmulator, str]:
    """The Messages API, without its human slowness, and its base URL."""
    emulator, url = host.start(lambda: AnthropicEmulator(Faults(), today=shop_clock.today))
    emulator.settings.first_token_ms = 0
    emulator.settings.tokens_per_second = 0
    return emulator, url


@pytest.fixture
def control(host: EmulatorHost, store: tuple[StoreEmulator, str], anthropic_api: tuple[AnthropicEmulator, str]) -> str:
    """The control's base URL."""
    controlled = {"store": Controlled(store[0]), "anthropic": Controlled(anthropic_api[0], anthropic_api[0].settings)}
    return host.start(lambda: control_server(controlled))[1]
