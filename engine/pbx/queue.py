"""Who is in the operators' queue, as Asterisk tells.

Source: Asterisk 22 `apps/app_queue.c`, `manager_queues_status`.
"""

from typing import Final

from engine.pbx.ami_connection import Answer
from engine.pbx.ami_wire import Action

_INVALID, _UNAVAILABLE = "4", "5"
_AWAY: Final = frozenset({_INVALID, _UNAVAILABLE})
"""Device states of a phone that is not there. `QueueSummary` knows these, but counts who is paused as logged in."""


def queue_status(queue: str) -> Action:
    """Asks for a queue and its members."""
    return Action("QueueStatus", (("Queue", queue),))


def members_ready(answer: Answer) -> int | None:
    """How many members of the queue asked about are logged in and not paused, talking or not; None: no such queue."""
    if not any(event.name == "QueueParams" for event in answer.events):
        return None
    members = [event for event in answer.events if event.name == "QueueMember"]
    return sum(member.get("Paused") != "1" and member.get("Status") not in _AWAY for member in members)
