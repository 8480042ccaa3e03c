"""The shop's operators as a call sees them: is anybody there, and will they take this caller.

A Protocol, so that a call knows neither Asterisk nor the shop's hours: `engine.call` is handed whoever implements it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Presence(StrEnum):
    """Whether an operator could take a caller now."""

    AVAILABLE = "available"
    """Somebody is logged in, or nothing says otherwise: the queue could not be asked."""
    CLOSED = "closed"
    """Outside working hours."""
    NOBODY = "nobody"
    """Within hours, but nobody is logged in to the queue."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What the operator is told: `reason` one word of ours (`customer_request`), `summary` a sentence or two."""

    reason: str
    summary: str


class Transferred(StrEnum):
    """How a transfer went."""

    REACHED_QUEUE = "reached_queue"
    """The PBX has taken the caller; the media connection ends by itself."""
    LEFT_TO_DIALPLAN = "left_to_dialplan"
    """No AMI: end the media connection, and the dialplan asks what next."""
    CALLER_GONE = "caller_gone"
    """The caller hung up first; nobody is to be rung."""
    FAILED = "failed"
    """The caller is still with us: go on talking."""


@dataclass(frozen=True, slots=True)
class TransferResult:
    """`detail` says why it failed, in words for the log and the call's record."""

    outcome: Transferred
    detail: str = ""


class Operators(Protocol):
    """Raises nothing: whatever goes wrong is an answer."""

    @property
    def hours(self) -> str:
        """When operators are there, as the bot says it to a caller (`щодня з 9:00 до 20:00`); empty: at any time."""
        ...

    async def presence(self) -> Presence:
        """Asked before an operator is promised; within 300 ms."""
        ...

    async def transfer(self, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
        """Hand over the caller on the PBX's `channel`. Cancelled when the caller hangs up: then nothing may ring.

        When the PBX takes the caller our media connection ends, as it does when the caller hangs up. So once the PBX
        has been asked, a cancellation is put off until it has answered: what is returned then is the truth, even in a
        scope that was cancelled, and says which of the two it was."""
        ...


class DialplanOnly:
    """The `Operators` of a shop of which we know nothing: always there, and the dialplan finds them."""

    hours = ""

    async def presence(self) -> Presence:
        return Presence.AVAILABLE

    async def transfer(self, call_id: UUID, channel: str, handover: Handover) -> TransferResult:
        return TransferResult(Transferred.LEFT_TO_DIALPLAN)
