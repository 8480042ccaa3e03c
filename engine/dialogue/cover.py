"""Silence on the line, of both kinds. Pure; times are monotonic seconds, handed in.

`AnswerCover`: the caller has spoken and the bot has nothing to say yet. `SilencePrompts`: the bot has spoken and the
caller says nothing. Both follow the floor (who was last heard, and when), not the stage of some component: a filler
tied to «the model is thinking» once left 43 seconds of silence when the model stalled after its first words.
"""

from enum import Enum, auto
from typing import Final

from engine.config import TurnConfig

FILLER_GROWTH: Final = 1.5
"""Each filler waits this much longer than the one before: the same pace would sound like a machine."""
_EPSILON: Final = 1e-6


class Cover(Enum):
    FILLER = auto()
    """Say something short; `AnswerCover.filler_index` says which."""
    APOLOGISE = auto()
    """Enough: apologise and hand over to an operator."""


class Silence(Enum):
    PROMPT = auto()
    """Ask again, knowing what was asked."""
    GOODBYE = auto()
    """The second time in a row: take leave."""


class AnswerCover:
    """Covers the wait for an answer. `wait` when the caller's turn is over, `sound` at the wire, `done` when the answer
    has been given or called off; `poll` each tick or at `deadline()`."""

    def __init__(self, config: TurnConfig) -> None:
        self._filler_seconds = config.filler_after_ms / 1000
        self._apology_seconds = config.apology_after_ms / 1000
        self._waiting_since: float | None = None
        self._quiet_since: float | None = None
        self._fillers = 0
        self.filler_index = -1
        """Of the filler decided last; grows through the call, so that two in a row differ."""

    def wait(self, caller_stopped_at: float) -> None:
        """An answer is pending, and the caller has been waiting since `caller_stopped_at`."""
        self._waiting_since = self._quiet_since = caller_stopped_at
        self._fillers = 0

    def progress(self, now: float) -> None:
        """A sentence of the answer itself has been heard to its end: the wait for the rest starts anew."""
        if self._waiting_since is not None:
            self.wait(now)

    def done(self) -> None:
        """No answer is pending."""
        self._waiting_since = None

    def sound(self, is_audible: bool, now: float) -> None:
        """Somebody begins or ceases to be heard, the bot or the caller."""
        self._quiet_since = None if is_audible else now

    def deadline(self) -> float | None:
        """When cover is due if nothing is heard until then."""
        if self._waiting_since is None or self._quiet_since is None:
            return None
        # Sound between the two never delays the apology by more than its own length.
        apology = max(self._waiting_since + self._apology_seconds, self._quiet_since)
        return min(self._quiet_since + self._filler_seconds * FILLER_GROWTH**self._fillers, apology)

    def poll(self, now: float) -> Cover | None:
        """What to do now. After APOLOGISE nothing is pending."""
        deadline = self.deadline()
        if deadline is None or now + _EPSILON < deadline:
            return None
        assert self._waiting_since is not None
        if now + _EPSILON >= self._waiting_since + self._apology_seconds:
            self.done()
            return Cover.APOLOGISE
        self._fillers += 1
        self.filler_index += 1
        self._quiet_since = now  # a filler that never sounds must not be asked for again at once
        return Cover.FILLER


class SilencePrompts:
    """Watches a caller who says nothing. `listen` when the bot has finished, `busy` when it speaks or thinks."""

    def __init__(self, after: float) -> None:
        self._after = after
        self._silent_since: float | None = None
        self._prompted = False

    def listen(self, now: float) -> None:
        """The bot has finished: it is the caller's go."""
        self._silent_since = now

    def busy(self) -> None:
        """The bot speaks, or an answer is pending."""
        self._silent_since = None

    def noise(self, now: float) -> None:
        """The caller was voiced: not silent, but nothing said yet either."""
        if self._silent_since is not None:
            self._silent_since = now

    def answered(self) -> None:
        """The caller said or pressed something: the next silence is a first one."""
        self._prompted = False

    def deadline(self) -> float | None:
        return None if self._silent_since is None else self._silent_since + self._after

    def poll(self, now: float) -> Silence | None:
        """PROMPT, or GOODBYE if the last prompt went unanswered; then quiet until `listen`."""
        deadline = self.deadline()
        if deadline is None or now + _EPSILON < deadline:
            return None
        self.busy()
        decision = Silence.GOODBYE if self._prompted else Silence.PROMPT
        self._prompted = True
        return decision
