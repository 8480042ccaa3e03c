"""Which calls the PBX has announced, which are here, and what shall become of those that ended.

The dialplan registers a call before any audio, and is told `accept` or `busy`: this is admission control. The media
connection then claims the registration; the call leaves its verdict with `finish` *before* it ends the connection,
since the dialplan asks `next` as soon as the connection is gone. Who never connects is forgotten after a minute.
Pure but for the clock handed in; time only moves things out, so each operation sweeps what is due. What engines know of
each other's calls: `engine.pbx.shared_registry`.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from math import inf
from typing import Final, Literal
from uuid import UUID

from engine.pbx.phone import normalize_phone

type Answer = Literal["accept", "busy"]
type NextStep = Literal["hangup", "operator"]
type Stage = Literal["waiting", "connected", "ended"]

CONNECT_SECONDS: Final = 60
KEEP_ENDED_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Registration:
    """What the PBX said of a call. `caller` is normalised, None if withheld or foreign; `called` is as dialled."""

    uuid: UUID
    caller: str | None
    called: str
    channel: str
    intent: str | None = None
    briefing_of: UUID | None = None
    """Not a caller but the operator about to get that call: it wants the summary spoken."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the dialplan shall do with a caller we no longer have, and what to tell the operator."""

    next: NextStep
    reason: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class RegistryStatistics:
    waiting: int
    connected: int
    ended: int


UNKNOWN: Final = Verdict("operator", "unknown_call")
UNFINISHED: Final = Verdict("operator", "call_lost")


class CallRegistry:
    """Calls by UUID. `clock` is any monotonic clock, in seconds."""

    def __init__(self, max_calls: int, clock: Callable[[], float]) -> None:
        self._max_calls = max_calls
        self._clock = clock
        # waiting and ended have one lifetime each: insertion order is the order of expiry
        self._waiting: dict[UUID, tuple[float, Registration]] = {}
        self._connected: dict[UUID, Registration] = {}
        self._ended: dict[UUID, tuple[float, Verdict]] = {}
        self._expired: list[UUID] = []
        self.draining = False
        """True from the moment `drain` was called: no new calls."""

    def register(
        self, uuid: UUID, *, caller: str | None = None, called: str = "", channel: str = "",
        intent: str | None = None, briefing_of: UUID | None = None,
    ) -> Answer:  # fmt: skip
        """Announce a call. Asking again about a call that is here changes nothing; an ended UUID is not reused.

        A connection nobody announced can be let in by registering and claiming it at once."""
        self._sweep()
        if uuid in self._waiting or uuid in self._connected:
            return "accept"
        if not self.has_room or uuid in self._ended:
            return "busy"
        registration = Registration(uuid, normalize_phone(caller), called, channel, intent, briefing_of)
        self._waiting[uuid] = (self._clock() + CONNECT_SECONDS, registration)
        return "accept"

    def claim(self, uuid: UUID) -> Registration | None:
        """The call's media connection is here. None: not announced, too late, or connected already."""
        self._sweep()
        _, registration = self._waiting.pop(uuid, (0.0, None))
        if registration is not None:
            self._connected[uuid] = registration
        return registration

    def adopt(self, registration: Registration) -> None:
        """A call that another engine has announced is connected here; it was given its place there."""
        self._connected[registration.uuid] = registration

    def release(self, uuid: UUID) -> None:
        """The call is another engine's: it takes no place here, and its verdict is not ours."""
        self._waiting.pop(uuid, None)
        self._connected.pop(uuid, None)

    def finish(self, uuid: UUID, next: NextStep, reason: str = "", summary: str = "") -> None:
        """The call is over: keep the verdict for the dialplan. A second verdict replaces the first."""
        self._sweep()
        self._waiting.pop(uuid, None)
        self._connected.pop(uuid, None)
        self._ended.pop(uuid, None)
        self._ended[uuid] = (self._clock() + KEEP_ENDED_SECONDS, Verdict(next, reason, summary))

    def next(self, uuid: UUID) -> Verdict:
        """What to do with the caller. Whatever we cannot account for goes to an operator."""
        self._sweep()
        if uuid in self._ended:
            return self._ended[uuid][1]
        return UNFINISHED if uuid in self._connected or uuid in self._waiting else UNKNOWN

    def stage(self, uuid: UUID) -> Stage | None:
        """How far the call has come here; None if nothing is known of it."""
        self._sweep()
        stages: tuple[tuple[Stage, Container[UUID]], ...] = (
            ("waiting", self._waiting), ("connected", self._connected), ("ended", self._ended),
        )  # fmt: skip
        return next((stage for stage, calls in stages if uuid in calls), None)

    def waiting(self) -> dict[UUID, Registration]:
        """Announced, and not connected yet; those announced first come first."""
        self._sweep()
        return {uuid: registration for uuid, (_, registration) in self._waiting.items()}

    def take_expired(self) -> list[UUID]:
        """Who was announced and never connected, since this was last asked."""
        self._sweep()
        expired, self._expired = self._expired, []
        return expired

    def drain(self) -> None:
        """Refuse new calls from now on."""
        self.draining = True

    @property
    def has_room(self) -> bool:
        """Whether a new call would be accepted now."""
        self._sweep()
        return not self.draining and len(self._waiting) + len(self._connected) < self._max_calls

    @property
    def max_calls(self) -> int:
        """At once."""
        return self._max_calls

    @property
    def last_ended_at(self) -> float:
        """When a call last ended, by the clock: its dialplan may be about to ask. Long ago if none is remembered."""
        return max((deadline for deadline, _ in self._ended.values()), default=-inf) - KEEP_ENDED_SECONDS

    def statistics(self) -> RegistryStatistics:
        self._sweep()
        return RegistryStatistics(len(self._waiting), len(self._connected), len(self._ended))

    def _sweep(self) -> None:
        now = self._clock()
        self._expired += _expire(self._waiting, now)
        _expire(self._ended, now)


def _expire[T](entries: dict[UUID, tuple[float, T]], now: float) -> list[UUID]:
    """Removes what is due; which those were."""
    due: list[UUID] = []
    for uuid, (deadline, _) in entries.items():
        if deadline > now:
            break
        due.append(uuid)
    for uuid in due:
        del entries[uuid]
    return due
