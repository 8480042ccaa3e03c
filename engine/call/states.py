"""The states of a call and the moves between them: a table, not ifs (DESIGN §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.errors import EngineError


class State(StrEnum):
    CONNECTED = "connected"
    GREETING = "greeting"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    TRANSFERRING = "transferring"
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended."""

    COMPLETED = "completed"
    CALLER_HUNG_UP = "caller_hung_up"
    TRANSFERRED = "transferred"
    SILENCE = "silence"
    FAILED_OVER = "failed_over"
    REFUSED = "refused"

    @property
    def wants_operator(self) -> bool:
        """Whether the caller is to go on to the operators' queue."""
        return self in (Outcome.TRANSFERRED, Outcome.FAILED_OVER, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the call ends; `reason` and `summary` are the operator's."""

    outcome: Outcome
    reason: str = ""
    summary: str = ""

    @property
    def wants_operator(self) -> bool:
        """Whether a dialplan that asks should go on to the operators' queue. A caller who hung up is asked about by
        nobody: if the dialplan does ask, the line was lost and not the caller."""
        return self.outcome.wants_operator or self.reason in _CALLER_LEFT


_CALLER_LEFT: Final = frozenset({"eof", "reset", "terminated"})


def outcome_of_loss(reason: str) -> Outcome:
    """Of a call whose line was closed for `reason` (see `engine.wire.events.Closed`). Whatever does not say that the
    caller left may have left them on the line: the dialplan still has them, and they go to an operator."""
    return Outcome.CALLER_HUNG_UP if reason in _CALLER_LEFT else Outcome.FAILED_OVER


_S = State
TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    _S.CONNECTED: frozenset({_S.GREETING, _S.TRANSFERRING, _S.ENDED}),
    _S.GREETING: frozenset({_S.LISTENING, _S.TRANSFERRING, _S.ENDED}),
    _S.LISTENING: frozenset({_S.THINKING, _S.SPEAKING, _S.TRANSFERRING, _S.ENDED}),
    _S.THINKING: frozenset({_S.SPEAKING, _S.LISTENING, _S.TRANSFERRING, _S.ENDED}),
    _S.SPEAKING: frozenset({_S.LISTENING, _S.THINKING, _S.TRANSFERRING, _S.ENDED}),
    _S.TRANSFERRING: frozenset({_S.LISTENING, _S.ENDED}),  # listening: nobody took the caller over
    _S.ENDED: frozenset(),
}


class IllegalTransition(EngineError):
    """A bug of ours: the table has no such move."""


def move(current: State, target: State) -> State:
    """The next state; staying is always allowed. Raises `IllegalTransition`."""
    if target is not current and target not in TRANSITIONS[current]:
        raise IllegalTransition(f"{current} -> {target}")
    return target
