"""The worker's side: it says that its event loop turns, and hears that its supervisor is gone."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import trio

BEAT_SECONDS: Final = 0.2
READY: Final = b"+"
UNREADY: Final = b"-"


async def beat(descriptor: int, metrics_port: int, is_ready: Callable[[], bool]) -> None:
    """Report where the metrics are, then a byte every 200 ms, until cancelled or nobody listens; closes `descriptor`.

    A supervisor that does not read, because it is stopped, costs beats and not the worker."""
    os.set_blocking(descriptor, False)
    try:
        os.write(descriptor, b"%d\n" % metrics_port)
        while True:
            with suppress(BlockingIOError):
                os.write(descriptor, READY if is_ready() else UNREADY)
            await trio.sleep(BEAT_SECONDS)
    except BrokenPipeError:
        return  # `drain_when_alone` does the rest
    finally:
        os.close(descriptor)


async def drain_when_alone(stop: trio.Event, stdin: int) -> None:
    """Set `stop` at the end of the file `stdin`, which the supervisor holds open for as long as it lives."""
    while True:
        await trio.lowlevel.wait_readable(stdin)
        if not os.read(stdin, 4096):
            stop.set()
            return
