"""One ticker for every simulated caller of a process: each sends a frame per 20 ms against absolute deadlines.

Callers are spread over four phases of 5 ms. One sleeping task per caller would collapse at some two hundred; this way
a benchmark can have hundreds in one process.
"""

from collections.abc import Callable
from typing import Final

import trio

from engine.audio import FRAME_SECONDS

type Tick = Callable[[float], None]
"""Called every 20 ms with the current time (s). Must not block."""

_PHASES: Final = 4


class Pacer:
    """Run `run` in a nursery; `add` and `remove` ticks at any time."""

    def __init__(self) -> None:
        self._phases: list[dict[Tick, None]] = [{} for _ in range(_PHASES)]
        self.max_lateness = 0.0
        """The latest a tick has been, in seconds: how far to trust this process's measurements."""

    def add(self, tick: Tick) -> None:
        min(self._phases, key=len)[tick] = None

    def remove(self, tick: Tick) -> None:
        for phase in self._phases:
            phase.pop(tick, None)

    async def run(self) -> None:
        """Tick for ever; late ticks are made up for, as Asterisk does after a hold-up."""
        start = trio.current_time()
        count = 0
        while True:
            due = start + count * FRAME_SECONDS / _PHASES
            await trio.sleep_until(due)
            now = trio.current_time()
            self.max_lateness = max(self.max_lateness, now - due)
            for tick in tuple(self._phases[count % _PHASES]):
                tick(now)
            count += 1
