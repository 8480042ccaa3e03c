"""Whether a worker is still alive, and how long to wait before the next one. Pure: time comes in as an argument."""

from typing import Final, Literal

type Phase = Literal["starting", "beating", "leaving"]

LOOK_SECONDS: Final = 0.1
"""How often the supervisor looks."""
SILENCE_SECONDS: Final[dict[Phase, float]] = {"starting": 60.0, "beating": 1.5, "leaving": 10.0}
"""How long a worker may say nothing: until it can take calls, from then on, and once it has said that it ends."""

_PAUSES: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
_STABLE_SECONDS: Final = 60.0


class Pulse:
    """The silence of one worker, measured in the supervisor's own waking time: whoever stops the machine, or the
    supervisor, must not find all workers dead when it goes on."""

    def __init__(self, now: float) -> None:
        self.phase: Phase = "starting"
        self._looked_at = now
        self._silent = 0.0

    def beat(self) -> None:
        """The worker was heard."""
        self.phase = "beating"
        self._silent = 0.0

    def leave(self) -> None:
        """The worker has said its last."""
        self.phase = "leaving"
        self._silent = 0.0

    def is_dead(self, now: float) -> bool:
        """To be asked every `LOOK_SECONDS`; a longer sleep of ours counts as two looks."""
        self._silent += min(now - self._looked_at, 2 * LOOK_SECONDS)
        self._looked_at = now
        return self._silent >= SILENCE_SECONDS[self.phase]


class Pauses:
    """Before a worker is started again: at once after a long life, ever later after short ones."""

    def __init__(self) -> None:
        self._failures = 0

    def after(self, lifetime: float) -> float:
        """Seconds to wait when a worker has died after `lifetime` seconds."""
        if lifetime >= _STABLE_SECONDS:
            self._failures = 0
        pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1
        return pause
