"""How fast texts may be handed to a provider. Pure: the time comes in."""

from typing import Final

_BURST_SECONDS: Final = 1.0
"""What was not used may be made up for, but no more than this much of it."""


class Pace:
    """`rate` texts a second on the average; absolute deadlines, so that no pause is lost to rounding."""

    def __init__(self, rate: float, now: float) -> None:
        self._seconds_each = 1.0 / rate
        self._next = now

    def wait_for(self, texts: int, now: float) -> float:
        """Seconds until so many more may go (0: now). They count as gone."""
        at = max(self._next, now - _BURST_SECONDS)
        self._next = at + texts * self._seconds_each
        return max(0.0, at - now)
