"""What the floor tells the conversation: what to take up in turn, and what must happen within the frame.

Before: `call.floor`, which decides. After: `call.conversation`, which does it.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from engine.call.watchdog import Alarm
from engine.dialogue.cover import Silence
from engine.dialogue.endpointing import EndOfTurn


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller entered digits on the keypad."""

    digits: str
    at: float
    """When the last key was pressed."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """The bot was interrupted, but no words came."""


@dataclass(frozen=True, slots=True)
class PartBroken:
    """A part failed for good in mid-call."""

    part: str


@dataclass(frozen=True, slots=True)
class Drained:
    """The engine stops: the caller goes to an operator now."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """Somebody of the shop ends the call, from the console."""


type Demand = EndOfTurn | Pressed | Unheard | Silence | Alarm | PartBroken | Drained | HungUp

CUTS_IN: Final = (Alarm, PartBroken, Pressed, Drained, HungUp)
"""Demands for which the bot stops speaking."""


class FloorListener(Protocol):
    """What the conversation does; all synchronous."""

    def demand(self, demand: Demand) -> None:
        """Something to take up when the present answer, if any, is over."""
        ...

    def interrupt(self, voiced_at: float, stopped_at: float) -> None:
        """Barge-in: stop the answer being heard."""
        ...

    def call_off(self) -> None:
        """The caller goes on before anything of the answer was heard: it will be another one."""
        ...

    def resumed(self, voiced_at: float, stopped_at: float) -> None:
        """A false interruption: the bot has gone on."""
        ...

    def fill(self, index: int) -> None:
        """Dead air while an answer is awaited: say something."""
        ...

    def plays_filler(self) -> bool:
        """Whether what is heard now, or was heard last, is such a filler and not the answer."""
        ...

    def give_up(self) -> None:
        """Dead air for too long: apologise and hand over."""
        ...

    def sound(self, audible: bool, now: float) -> None:
        """Bot audio, or a new sentence of it, begins at the wire; or it ends."""
        ...

    def line_gone(self, reason: str) -> None:
        """The media connection is over."""
        ...
