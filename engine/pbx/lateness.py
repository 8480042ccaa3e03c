"""Whether the event loop keeps time: frames that leave late are heard as gaps, and another call makes them later.

The media clock's task and this one are woken by the same loop, so how late this one is woken is how late frames are,
at 1 us twenty times a second. Lateness grows long before a machine's CPU is all used, and falls as soon as a call ends:
hence the two limits, or admission would flutter.
"""

from collections import deque
from typing import Final, NoReturn

import trio

_EVERY: Final = 0.05
_SAMPLES: Final = 100
"""Five seconds."""
_FEW: Final = _SAMPLES // 20
"""A single stall of a quarter of a second is no more than this."""
_CATCH_UP: Final = 1.0
"""Of a longer stall only so many seconds are counted."""


class Lateness:
    """Pure: late once more than one sample in twenty is above `limit` (s), until as few are above half of it."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._samples: deque[float] = deque(maxlen=_SAMPLES)
        self.is_late = False

    def observe(self, seconds: float) -> None:
        """One sample."""
        self._samples.append(seconds)
        limit = self._limit / 2 if self.is_late else self._limit
        self.is_late = sum(sample > limit for sample in self._samples) > _FEW


async def watch_lateness(lateness: Lateness) -> NoReturn:
    """Sample the loop this runs on, until cancelled."""
    due = trio.current_time()
    while True:
        due = max(due + _EVERY, trio.current_time() - _CATCH_UP)
        await trio.sleep_until(due)
        lateness.observe(trio.current_time() - due)
