"""Waiting for what happens elsewhere."""

from collections.abc import Callable

import trio


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Fails with TooSlowError."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on the other side of a socket
            await trio.sleep(0.01)
