"""One emulator on a loop in a thread of its own, as it lives on asyncio and the tests on Trio."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


class Emulator(Protocol):
    async def start(self, host: str, port: int) -> int: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Running[E: Emulator]:
    """`loop` is where `server` may be touched, by `call_soon_threadsafe`."""

    loop: asyncio.AbstractEventLoop
    server: E
    url: str


@contextmanager
def emulated[E: Emulator](make: Callable[[], E]) -> Iterator[Running[E]]:
    """`make` is called on the loop."""
    ready: Future[tuple[Running[E], asyncio.Event]] = Future()

    async def serve() -> None:
        server, finished = make(), asyncio.Event()
        url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
        ready.set_result((Running(asyncio.get_running_loop(), server, url), finished))
        await finished.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    running, finished = ready.result(10)
    try:
        yield running
    finally:
        running.loop.call_soon_threadsafe(finished.set)
        thread.join(10)
