"""An engine in this process as the tests see it, and what must be true of it after a call."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psutil
import trio

from engine.cache import Cache
from engine.call.events import BotSaid, CallEnded, CallEvent, CallStarted
from engine.call.session import SessionStore
from engine.config import Config
from engine.server import Listening
from engine.speech.verbalize import verbalize
from tests.asterisk.pbx import Channel, RealAsterisk

SECRET = "dialplan-and-engine-only"
_CLEAN_SECONDS = 10.0


@dataclass(slots=True)
class RunningEngine:
    """`stop` drains it, `scope` is for killing it, `events` is what its calls told."""

    config: Config
    listening: Listening
    stop: trio.Event
    scope: trio.CancelScope
    events: list[CallEvent]
    tasks_at_rest: int = field(default_factory=lambda: trio.lowlevel.current_statistics().tasks_living)

    def told[E: CallEvent](self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def call_id(self) -> UUID:
        """Of the first call."""
        return self.told(CallStarted)[0].call_id

    @property
    def ended(self) -> CallEnded | None:
        """How the first call ended, once it has."""
        return next(iter(self.told(CallEnded)), None)

    def said(self) -> str:
        """All the bot has said, as it is pronounced."""
        return " ".join(verbalize(said.text) for said in self.told(BotSaid))

    async def session(self) -> Mapping[str, Any] | None:
        """The first call's session in Valkey."""
        cache = Cache(self.config.redis)
        try:
            return await SessionStore(cache, self.config.call.session_ttl).load(self.call_id)
        finally:
            await cache.aclose()


async def until(condition: Callable[[], object | Awaitable[object]], seconds: float = 20.0) -> None:
    """Asks until the answer is true. Fails with TooSlowError."""
    with trio.fail_after(seconds):
        while not await _answer(condition()):  # noqa: ASYNC110 - what is waited for lies in other processes
            await trio.sleep(0.05)


async def channels(asterisk: RealAsterisk) -> list[Channel]:
    return await trio.to_thread.run_sync(asterisk.channels)


async def seconds_to_operators(asterisk: RealAsterisk, *, within: float) -> float:
    """How long until a caller is in the operators' branch of the dialplan. Fails with TooSlowError."""

    async def there() -> bool:
        return any(channel.context == "callctl-operator" for channel in await channels(asterisk))

    started_at = trio.current_time()
    await until(there, within)
    return trio.current_time() - started_at


async def assert_nothing_left(engine: RunningEngine, asterisk: RealAsterisk) -> None:
    """No channel, no connection, no task, no session."""

    async def left() -> tuple[list[Channel], list[str], int, object]:
        surplus = max(0, _tasks() - engine.tasks_at_rest)
        return await channels(asterisk), _connections(engine.listening.audiosocket[1]), surplus, await engine.session()

    async def clean() -> bool:
        return not any(await left())

    with suppress(trio.TooSlowError):  # the assertion says more
        await until(clean, _CLEAN_SECONDS)
    still = await left()
    assert still == ([], [], 0, None), still
    print("  left behind           no channel, no connection, no task, no session")


async def _answer(answer: object | Awaitable[object]) -> object:
    return await answer if isinstance(answer, Awaitable) else answer


def _connections(port: int) -> list[str]:
    every = psutil.net_connections("tcp")
    return [c.status for c in every if c.laddr and c.laddr.port == port and c.status not in ("LISTEN", "TIME_WAIT")]


def _tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living
