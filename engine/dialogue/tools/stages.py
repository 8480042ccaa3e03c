"""How far an order has come, as a transition table. Pure.

What the model may do next hangs on this and not on the prompt: an order is confirmed only from `AGREED`, and `AGREED`
is reached only by a yes of the caller to what he has *heard* read back since the last change.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stage(StrEnum):
    CHOOSING = "choosing"
    """Nothing ordered yet."""
    DRAFTED = "drafted"
    """A draft exists; where it goes is not known."""
    DELIVERY_SET = "delivery_set"
    """The total is known; the caller has not heard all of it."""
    READ_BACK = "read_back"
    """Items, total and delivery have been heard."""
    AGREED = "agreed"
    """... and the caller's latest words are a yes."""
    ORDERED = "ordered"
    """The order is confirmed; another may follow."""
    TRANSFERRING = "transferring"
    """An operator takes over: the end of everything else."""


class Event(StrEnum):
    DRAFT_CHANGED = "draft_changed"
    DELIVERY_CHANGED = "delivery_changed"
    READ_BACK = "read_back"
    SAID_YES = "said_yes"
    SAID_NO = "said_no"
    SAID_OTHER = "said_other"
    CONFIRMED = "confirmed"
    TRANSFER = "transfer"


_TABLE: Final[Mapping[Stage, Mapping[Event, Stage]]] = MappingProxyType(
    {
        Stage.CHOOSING: {Event.DRAFT_CHANGED: Stage.DRAFTED},
        Stage.DRAFTED: {Event.DRAFT_CHANGED: Stage.DRAFTED, Event.DELIVERY_CHANGED: Stage.DELIVERY_SET},
        Stage.DELIVERY_SET: {
            Event.DRAFT_CHANGED: Stage.DRAFTED,
            Event.DELIVERY_CHANGED: Stage.DELIVERY_SET,
            Event.READ_BACK: Stage.READ_BACK,
        },
        Stage.READ_BACK: {
            Event.DRAFT_CHANGED: Stage.DRAFTED,
            Event.DELIVERY_CHANGED: Stage.DELIVERY_SET,
            Event.SAID_YES: Stage.AGREED,
            Event.SAID_NO: Stage.DELIVERY_SET,
        },
        Stage.AGREED: {
            Event.DRAFT_CHANGED: Stage.DRAFTED,
            Event.DELIVERY_CHANGED: Stage.DELIVERY_SET,
            Event.SAID_NO: Stage.DELIVERY_SET,
            Event.SAID_OTHER: Stage.READ_BACK,
            Event.CONFIRMED: Stage.ORDERED,
        },
        Stage.ORDERED: {Event.DRAFT_CHANGED: Stage.DRAFTED},
        Stage.TRANSFERRING: {},
    }
)


def after(stage: Stage, event: Event) -> Stage:
    """The stage after an event; one that does not concern the stage leaves it as it is."""
    if event is Event.TRANSFER:
        return Stage.TRANSFERRING
    return _TABLE[stage].get(event, stage)
