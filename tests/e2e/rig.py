"""The real engine and a simulated caller, as a test holds them: what happened, what was heard, what comes next."""

import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import trio

from engine.call.events import BotSaid, CallEnded, CallerSaid, CallEvent, PartFailed, StateChanged, ToolRan
from engine.call.states import State
from engine.config import Config
from engine.server import Listening, serve
from ops.emulators.caller import SimulatedCaller, place_call
from ops.emulators.caller_dialplan import announce
from ops.emulators.caller_ears import BotStarted, BotStopped
from tests.e2e.world import World

PATIENCE: Final = 20.0
"""Seconds after which whatever a test waits for will not come. The machine is shared: nothing here is tight."""
QUIET_MS: Final = 900.0
"""The bot has finished: a tool and the model's next words take less with the emulators at their quickest."""
CUSTOMER: Final = "+380671234567"


@dataclass(slots=True)
class Engine:
    """A running engine and everything its calls have told."""

    stop: trio.Event
    """Set it to drain."""
    events: list[CallEvent] = field(default_factory=list)
    listening: Listening = field(init=False)
    web: httpx.AsyncClient = field(init=False)
    _news: trio.Event = field(default_factory=trio.Event)

    def observe(self, event: CallEvent) -> None:
        self.events.append(event)
        self._news.set()
        self._news = trio.Event()

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for what the events tell; fails where it does not come."""
        with trio.fail_after(PATIENCE):
            while not happened():
                await self._news.wait()

    @asynccontextmanager
    async def call(self, number: str = CUSTOMER, **more: str) -> AsyncIterator[SimulatedCaller]:
        """Announced (with `more`) and connected as Asterisk does it; hangs up on leaving. A test that waits too long
        fails."""
        call_id = uuid4()
        assert await announce(self.web, call_id, caller=number, **more)
        async with place_call(*self.listening.audiosocket, call_id=call_id) as caller:
            with trio.fail_after(2 * PATIENCE):
                yield caller

    def of[E](self, caller: SimulatedCaller, kind: type[E]) -> list[E]:
        """A call's events of one kind, in order."""
        return [event for event in self.events if event.call_id == caller.call_id and isinstance(event, kind)]

    def transcript(self, caller: SimulatedCaller) -> list[str]:
        """What both sides said, as it is put on record; with `>` the caller."""
        return [
            f"> {event.text}" if isinstance(event, CallerSaid) else event.text
            for event in self.events
            if isinstance(event, CallerSaid | BotSaid) and event.call_id == caller.call_id
        ]

    def tools(self, caller: SimulatedCaller) -> list[str]:
        """The tools that ran well."""
        return [event.name for event in self.of(caller, ToolRan) if event.ok]

    def failures(self, caller: SimulatedCaller) -> list[str]:
        """The parts that failed for good."""
        return [event.part for event in self.of(caller, PartFailed)]

    async def ended(self, caller: SimulatedCaller) -> CallEnded:
        """How the call ended, once it has."""
        await self.until(lambda: self.of(caller, CallEnded))
        return self.of(caller, CallEnded)[0]

    async def in_state(self, caller: SimulatedCaller, state: State) -> None:
        """Wait until the call is in a state."""
        await self.until(lambda: [move.state for move in self.of(caller, StateChanged)][-1:] == [state])

    async def next(self, call_id: UUID) -> Mapping[str, Any]:
        """What the dialplan is told: `next`, `reason`, `summary`."""
        answer: Mapping[str, Any] = (await self.web.get(f"/internal/calls/{call_id}/next")).raise_for_status().json()
        return answer

    async def metrics(self) -> str:
        async with httpx.AsyncClient() as client:
            response = await client.get(f"http://127.0.0.1:{self.listening.metrics_port}/metrics")
            return response.raise_for_status().text


@asynccontextmanager
async def running_engine(world: World, **sections: Mapping[str, Any]) -> AsyncIterator[Engine]:
    """The engine in `world` on free ports; `sections` are settings of single sections that differ."""
    ports: Mapping[str, Mapping[str, Any]] = {
        "audiosocket": {"port": 0}, "http": {"port": 0, "metrics_port": 0},
        "call": {"drain_seconds": 2.0, "max_lateness_ms": 10_000},
    }  # fmt: skip
    names = world.overrides.keys() | ports.keys() | sections.keys()
    config = Config.from_env(
        {name: {**world.overrides.get(name, {}), **ports.get(name, {}), **sections.get(name, {})} for name in names}
    )
    engine = Engine(trio.Event())
    async with _single_errors(), trio.open_nursery() as nursery:
        serving = partial(serve, stop=engine.stop, observers=[engine.observe])
        engine.listening = await nursery.start(serving, config)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.listening.http_port}") as engine.web:
            try:
                yield engine
            finally:
                engine.stop.set()
    gc.unfreeze()  # the engine froze what it had when it was ready; this process has more engines to come


@asynccontextmanager
async def _single_errors() -> AsyncIterator[None]:
    """A failed assertion comes out of the nurseries around it as it is: the report stays short."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from None


async def cut_in(caller: SimulatedCaller, text: str) -> None:
    """Say it over the greeting, as those do who call every week: the greeting is five seconds long."""
    await caller.interrupt_after(300, text, settle_ms=0)
    await caller.wait_silent()


async def ask(caller: SimulatedCaller, text: str) -> str:
    """Say it; what the bot answers, as decoded from its audio."""
    await caller.say(text)
    return await answer(caller)


async def answer(caller: SimulatedCaller) -> str:
    """What the bot answers to what was last said, as decoded from its audio."""
    return (await caller.wait_for_bot_turn(quiet_ms=QUIET_MS)).text


def longest_silence(caller: SimulatedCaller, since: float, until: float) -> float:
    """Seconds of the longest stretch in which nobody was heard: the bot, as it reached the caller."""
    quiet_since, longest = since, 0.0
    for event in caller.ears.events:
        if isinstance(event, BotStarted) and since < event.at <= until:
            longest = max(longest, event.at - quiet_since)
        elif isinstance(event, BotStopped) and event.at > since:
            quiet_since = event.at
    return longest


def unspaced(text: str) -> str:
    """To compare what was decoded with what was meant: between two pieces of speech no space is heard."""
    return text.replace(" ", "")
