"""The registry as a shop's engines share it: a call is announced to one, connects to another, and the dialplan asks a
third what is next.

`call_registration:{uuid}` is put into Redis with the announcement, and exchanged for a mark by whoever takes the call:
of two engines one gets it. `call_verdict:{uuid}` is there before the media connection is ended. What this engine knows
itself it does not ask for; each question takes 200 ms at most, for the dialplan waits a second; and while Redis is away
each engine knows its own calls, and sends to an operator whom it does not know.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from uuid import UUID

import trio

from engine import metrics
from engine.cache import Cache
from engine.config import RedisConfig
from engine.errors import CacheError
from engine.log import get_logger
from engine.pbx.registry import (
    CONNECT_SECONDS,
    KEEP_ENDED_SECONDS,
    Answer,
    CallRegistry,
    NextStep,
    Registration,
    Verdict,
)

log = get_logger("pbx.registry")

_SECONDS: Final = 0.2
_AWAY_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 1.0
SHARED_PREFIXES: Final = ("call_registration:", "call_verdict:")
_TAKEN: Final = {"taken": True}


@dataclass(frozen=True, slots=True)
class Admission:
    """`reason`: `new`, `repeated` or `unannounced` when accepted; else one of `engine.pbx.admission`, or
    `already_ended`."""

    answer: Answer
    reason: str


def registration_key(uuid: UUID) -> str:
    return f"{SHARED_PREFIXES[0]}{uuid}"


def verdict_key(uuid: UUID) -> str:
    return f"{SHARED_PREFIXES[1]}{uuid}"


class SharedRegistry:
    """`refusals`: why a new call is not welcome now; empty when it is."""

    def __init__(self, local: CallRegistry, cache: Cache, refusals: Callable[[], Sequence[str]]) -> None:
        self.local = local
        self._cache = cache
        self._refusals = refusals

    async def register(
        self, uuid: UUID, *, caller: str | None = None, called: str = "", channel: str = "",
        intent: str | None = None, briefing_of: UUID | None = None,
    ) -> Admission:  # fmt: skip
        """See `CallRegistry.register`. Any engine may take the call that one has accepted."""
        known = self.local.stage(uuid)
        if known is None and (reasons := await self._reasons()):
            return _counted(Admission("busy", reasons[0]))
        answer = self.local.register(
            uuid, caller=caller, called=called, channel=channel, intent=intent, briefing_of=briefing_of
        )
        if answer == "busy":
            return _counted(Admission("busy", "already_ended" if known else "at_capacity"))
        if registration := self.local.waiting().get(uuid):
            await self._announce(registration, again=known is not None)
        return _counted(Admission("accept", "repeated" if known else "new"))

    async def claim(self, uuid: UUID, *, unannounced: bool = False) -> Registration | None:
        """The call's media connection is here. None: not announced, too late, or somebody has it already.
        `unannounced`: let in whom nobody announced."""
        stage = self.local.stage(uuid)
        held = self.local.claim(uuid)
        if held is None and stage is not None:
            return None
        with trio.CancelScope(shield=True):  # or nobody would finish what is claimed
            taken, announced = await self._take(uuid)
        if taken:
            if held is not None:  # else it may be another connection's, here
                self.local.release(uuid)
            return None
        if held is None and announced is not None:
            self.local.adopt(announced)
        if held is None and announced is None and unannounced:
            return self._let_in(uuid)
        return held or announced

    async def finish(self, uuid: UUID, next: NextStep, reason: str = "", summary: str = "") -> None:
        """See `CallRegistry.finish`; here it is known at once, even to whoever is cancelled."""
        self.local.finish(uuid, next, reason, summary)
        document = {"next": next, "reason": reason, "summary": summary}
        if self._cache.configured:
            with _memory_will_do("finish"):
                await self._cache.set(verdict_key(uuid), document, ttl=KEEP_ENDED_SECONDS)

    async def next(self, uuid: UUID) -> Verdict:
        """What to do with the caller, and what to tell the operator. Whatever nobody can account for goes to one."""
        if self.local.stage(uuid) != "ended" and self._cache.configured:
            with _memory_will_do("next"):
                if (document := await self._cache.get(verdict_key(uuid))) is not None:
                    return _verdict(document)
        return self.local.next(uuid)

    async def run(self) -> NoReturn:
        """Until cancelled: gives up the places of calls that another engine has taken, and counts who never came."""
        while True:
            await trio.sleep(_LOOK_SECONDS)
            await self._release_taken()
            for uuid in self.local.take_expired():
                metrics.REGISTRATIONS_EXPIRED.inc()
                log.warning("registration_expired", call_id=uuid, seconds=CONNECT_SECONDS)

    async def _reasons(self) -> Sequence[str]:
        """Nobody is turned away for a place whose caller is with another engine by now."""
        reasons = self._refusals()
        if "at_capacity" not in reasons:
            return reasons
        await self._release_taken()
        return self._refusals()

    async def _announce(self, registration: Registration, *, again: bool) -> None:
        """A repetition may not undo that somebody has taken the call meanwhile."""
        if self._cache.configured:
            put = self._cache.add if again else self._cache.set
            with _memory_will_do("register"):
                await put(registration_key(registration.uuid), _document(registration), ttl=CONNECT_SECONDS)

    async def _take(self, uuid: UUID) -> tuple[bool, Registration | None]:
        """Whether somebody else has taken it, and what was announced; neither if Redis cannot say."""
        if self._cache.configured:
            with _memory_will_do("claim"):
                document = await self._cache.exchange(registration_key(uuid), _TAKEN, ttl=CONNECT_SECONDS)
                if document is not None:
                    return document == _TAKEN, None if document == _TAKEN else _registration(uuid, document)
        return False, None

    def _let_in(self, uuid: UUID) -> Registration | None:
        admission = Admission(self.local.register(uuid), "unannounced")
        return self.local.claim(uuid) if _counted(admission).answer == "accept" else None

    async def _release_taken(self) -> None:
        waiting = list(self.local.waiting())
        if not waiting or not self._cache.available:
            return
        with _memory_will_do("look"):
            documents = await self._cache.get_all([registration_key(uuid) for uuid in waiting])
            for uuid, document in zip(waiting, documents, strict=True):
                if document == _TAKEN and self.local.stage(uuid) == "waiting":
                    self.local.release(uuid)


@asynccontextmanager
async def open_registry(
    local: CallRegistry, config: RedisConfig, refusals: Callable[[], Sequence[str]]
) -> AsyncGenerator[SharedRegistry]:
    """With connections of its own: it waits behind nothing else, and what is slow elsewhere does not count here."""
    cache = Cache(config, timeout=_SECONDS, away_seconds=_AWAY_SECONDS)
    try:
        if cache.configured:  # or the first call would wait for the connection, too, and perhaps too long
            with _memory_will_do("connect"):
                await cache.ping()
        yield SharedRegistry(local, cache, refusals)
    finally:
        with trio.move_on_after(_GOODBYE_SECONDS, shield=True):
            await cache.aclose()


def _counted(admission: Admission) -> Admission:
    metrics.ADMISSIONS.labels(admission.answer, admission.reason).inc()
    return admission


@contextmanager
def _memory_will_do(what: str) -> Iterator[None]:
    try:
        yield
    except CacheError as error:
        metrics.REGISTRY_ERRORS.inc()
        log.warning("registry_not_shared", operation=what, error=str(error))


def _document(registration: Registration) -> dict[str, Any]:
    briefing_of = registration.briefing_of
    return {
        "caller": registration.caller, "called": registration.called, "channel": registration.channel,
        "intent": registration.intent, "briefing_of": None if briefing_of is None else str(briefing_of),
    }  # fmt: skip


def _registration(uuid: UUID, document: dict[str, Any]) -> Registration:
    """Of an engine that may be of another release: what it does not say is not known."""
    briefing_of = document.get("briefing_of")
    return Registration(
        uuid, document.get("caller"), document.get("called", ""), document.get("channel", ""), document.get("intent"),
        None if briefing_of is None else UUID(briefing_of),
    )  # fmt: skip


def _verdict(document: dict[str, Any]) -> Verdict:
    """As above; with a next step that is not known here the caller goes to an operator."""
    step: NextStep = "hangup" if document.get("next") == "hangup" else "operator"
    return Verdict(step, document.get("reason", ""), document.get("summary", ""))
