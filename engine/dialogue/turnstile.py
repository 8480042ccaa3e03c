"""One at a time through a step that keeps the event loop busy for milliseconds.

Trio runs every task that is ready before it looks at the time again. When twenty callers fall silent at once, twenty
requests to the model would be built in one go, and every call's audio would wait for all of them. Behind a turnstile
each waits for a round of the loop of its own, and whatever has become due, the media clock above all, runs in between.
"""

from typing import Final

import trio

_ROUNDS: Final = 2
"""A clock that was due while a step ran wakes in the round after it, and runs in the next."""


class Turnstile:
    """`wait_turn` just before the step, with nothing awaited in between."""

    def __init__(self) -> None:
        self._lock = trio.Lock()

    async def wait_turn(self) -> None:
        """First come, first served."""
        async with self._lock:
            for _ in range(_ROUNDS):
                await trio.lowlevel.checkpoint()
