"""One Asterisk and one emulated world for the session, an engine for each test."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest
import trio

from engine.call.events import CallEnded, CallEvent
from engine.config import Config
from engine.server import Listening, serve
from ops.embedded.world import World
from tests.asterisk.hosted_world import hosted_world
from tests.asterisk.pbx import RealAsterisk, running_asterisk

SECRET = "dialplan-and-engine-only"


@dataclass(slots=True)
class RunningEngine:
    """An engine in this process, and what its calls told."""

    listening: Listening
    stop: trio.Event
    scope: trio.CancelScope
    finished: trio.Event
    events: list[CallEvent] = field(default_factory=list)

    def told[E: CallEvent](self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ended(self) -> CallEnded | None:
        return next(iter(self.told(CallEnded)), None)


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Fails with TooSlowError."""
    with trio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for lies in other processes
            await trio.sleep(0.05)


@pytest.fixture(scope="session")
def asterisk() -> Iterator[RealAsterisk]:
    with running_asterisk() as asterisk:
        yield asterisk


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with hosted_world() as world:
        yield world


@pytest.fixture
async def engine(world: World, asterisk: RealAsterisk, nursery: trio.Nursery) -> AsyncIterator[RunningEngine]:
    """Ready for calls, on ports of its own that the dialplan knows."""
    ports = {"audiosocket": {"port": 0}, "http": {"port": 0, "metrics_port": 0, "internal_secret": SECRET}}
    limits = {"call": {"drain_seconds": 0.0, "accept_unregistered": True}}
    config = Config.from_env({**world.overrides, **ports, **limits})
    stop, scope, finished, events = trio.Event(), trio.CancelScope(), trio.Event(), list[CallEvent]()

    async def run(task_status: trio.TaskStatus[Listening]) -> None:
        with scope:
            await serve(config, stop=stop, observers=[events.append], task_status=task_status)
        finished.set()

    listening: Listening = await nursery.start(run)
    point = partial(
        asterisk.point_at, audiosocket=listening.audiosocket[1], http=listening.http_port, secret=SECRET
    )  # fmt: skip
    await trio.to_thread.run_sync(point)
    yield RunningEngine(listening, stop, scope, finished, events)
    stop.set()
    await finished.wait()
