"""Engines in this process as the tests see them, and what must be true of one after a call."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import httpx
import psutil
import trio

from engine.cache import Cache
from engine.call.events import BotSaid, CallEnded, CallEvent, CallStarted
from engine.call.session import SessionStore
from engine.config import Config
from engine.server import Listening, serve
from engine.speech.verbalize import verbalize
from ops.embedded.world import Overrides
from tests.asterisk.pbx import Channel, RealAsterisk, engine_at

SECRET = "dialplan-and-engine-only"
_CLEAN_SECONDS = 10.0
_OWN: Overrides = {
    "audiosocket": {"port": 0},
    "http": {"port": 0, "metrics_port": 0, "internal_secret": SECRET},
    "call": {"drain_seconds": 0.0},
}


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

    @property
    def address(self) -> str:
        """As the dialplan finds it."""
        return engine_at(f"127.0.0.1:{self.listening.audiosocket[1]}", f"127.0.0.1:{self.listening.http_port}")

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


class Engines:
    """Engines of one test, in its own process. `overrides` say where everything else is."""

    def __init__(self, overrides: Overrides, nursery: trio.Nursery) -> None:
        self._overrides = overrides
        self._nursery = nursery
        self._started: list[tuple[RunningEngine, trio.Event]] = []

    async def start(self, more: Overrides | None = None) -> RunningEngine:
        """A new one, ready for calls; `more` ({section: {field: value}}) outranks the rest."""
        stop, scope, finished, events = trio.Event(), trio.CancelScope(), trio.Event(), list[CallEvent]()
        config = Config.from_env(_merged(self._overrides, _OWN, more or {}))

        async def run(task_status: trio.TaskStatus[Listening]) -> None:
            with scope:
                await serve(config, stop=stop, observers=[events.append], task_status=task_status)
            finished.set()

        listening: Listening = await self._nursery.start(run)
        engine = RunningEngine(config, listening, stop, scope, events)
        self._started.append((engine, finished))
        return engine

    async def end(self) -> None:
        """All of them, drained."""
        for engine, _ in self._started:
            engine.stop.set()
        for _, finished in self._started:
            await finished.wait()


async def point_at(asterisk: RealAsterisk, *engines: RunningEngine | str) -> None:
    """Tell the dialplan where they are, in this order."""
    addresses = [engine if isinstance(engine, str) else engine.address for engine in engines]
    await trio.to_thread.run_sync(partial(asterisk.point_at_all, addresses, secret=SECRET))


class Reachable(Protocol):
    """An engine that is a process of its own, or a balancer in front of some."""

    @property
    def audiosocket(self) -> tuple[str, int]: ...
    @property
    def web(self) -> httpx.AsyncClient: ...


def address_of(engine: Reachable) -> str:
    """As the dialplan finds it."""
    host, port = engine.audiosocket
    return engine_at(f"{host}:{port}", f"{host}:{engine.web.base_url.port}")


@asynccontextmanager
async def setting(asterisk: RealAsterisk, **values: str) -> AsyncIterator[None]:
    """Values of globals.conf for the calls of a block; then what is shipped."""
    for name, value in values.items():
        await trio.to_thread.run_sync(asterisk.set_global, name, value)
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(asterisk.cli, "dialplan reload")


async def until(condition: Callable[[], object | Awaitable[object]], seconds: float = 20.0) -> None:
    """Asks until the answer is true. Fails with TooSlowError."""
    with trio.fail_after(seconds):
        while not await _answer(condition()):  # noqa: ASYNC110 - what is waited for lies in other processes
            await trio.sleep(0.05)


async def channels(asterisk: RealAsterisk) -> list[Channel]:
    return await trio.to_thread.run_sync(asterisk.channels)


def waits_for_operator(channel: Channel) -> bool:
    return channel.context == "callctl-operator" and channel.application == "Queue"


async def seconds_to_operators(asterisk: RealAsterisk, *, within: float) -> float:
    """How long until a caller is in the operators' queue. Fails with TooSlowError."""

    async def there() -> bool:
        return any(waits_for_operator(channel) for channel in await channels(asterisk))

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


def _merged(*layers: Overrides) -> Overrides:
    merged: Overrides = {}
    for layer in layers:
        for section, values in layer.items():
            merged[section] = {**merged.get(section, {}), **values}
    return merged


async def _answer(answer: object | Awaitable[object]) -> object:
    return await answer if isinstance(answer, Awaitable) else answer


def _connections(port: int) -> list[str]:
    every = psutil.net_connections("tcp")
    return [c.status for c in every if c.laddr and c.laddr.port == port and c.status not in ("LISTEN", "TIME_WAIT")]


def _tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living
