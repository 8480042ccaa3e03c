"""The embedded world for a whole test session: an async block kept open in a thread of its own."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

import trio

from engine.config import Config
from ops.embedded.world import World, embedded_world

_YIELDING: Final = 10
"""Niceness of what in life is on other machines than the engine and Asterisk."""


@contextmanager
def hosted_world() -> Iterator[World]:
    """PostgreSQL, Valkey and the emulators, stopped on leaving."""
    ready: Future[tuple[World, trio.lowlevel.TrioToken, trio.Event]] = Future()

    async def host() -> None:
        finished = trio.Event()
        async with embedded_world(Config.from_env()) as world:
            ready.set_result((world, trio.lowlevel.current_trio_token(), finished))
            await finished.wait()

    def run() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _YIELDING)
        try:
            trio.run(host)
        except BaseException as error:  # it belongs to the thread that waits
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=run, name="world")
    thread.start()
    world, token, finished = ready.result()
    try:
        yield world
    finally:
        token.run_sync_soon(finished.set)
        thread.join()
