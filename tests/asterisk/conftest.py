"""One Asterisk and one emulated world for the session, an engine for each test."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from engine import log
from engine.call.events import CallEvent
from engine.config import Config
from engine.server import Listening, serve
from ops.embedded.world import Overrides, World
from tests.asterisk.hosted_world import hosted_world
from tests.asterisk.pbx import ROOT, RealAsterisk, running_asterisk
from tests.asterisk.running_engine import SECRET, RunningEngine
from tests.asterisk.spoken import greeting_seconds


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine's log and Asterisk's are left for whoever looks into a failure."""
    folder = tmp_path_factory.mktemp("logs")
    print(f"\n  logs                  {folder}")
    return folder


@pytest.fixture(scope="session")
def asterisk(logs: Path) -> Iterator[RealAsterisk]:
    if not (ROOT / "usr/sbin/asterisk").exists():
        pytest.skip("no Asterisk here; `nox -s asterisk` installs one")
    with running_asterisk(keep_log=logs / "asterisk.log") as asterisk:
        yield asterisk


@pytest.fixture(scope="session")
def world(logs: Path) -> Iterator[World]:
    with (logs / "engine.log").open("w") as stream, hosted_world() as world:
        log.configure("INFO", stream=stream)
        yield world


@pytest.fixture(scope="session")
def greeted() -> float:
    """Seconds into a call at which the greeting is over and the caller has drawn breath."""
    return greeting_seconds() + 2.0


@pytest.fixture
async def engine(world: World, asterisk: RealAsterisk, nursery: trio.Nursery) -> AsyncIterator[RunningEngine]:
    """Ready for calls, on ports of its own that the dialplan knows."""
    ports: Overrides = {
        "audiosocket": {"port": 0},
        "http": {"port": 0, "metrics_port": 0, "internal_secret": SECRET},
    }
    config = Config.from_env({**world.overrides, **ports, "call": {"drain_seconds": 0.0}})
    stop, scope, finished, events = trio.Event(), trio.CancelScope(), trio.Event(), list[CallEvent]()

    async def run(task_status: trio.TaskStatus[Listening]) -> None:
        with scope:
            await serve(config, stop=stop, observers=[events.append], task_status=task_status)
        finished.set()

    listening: Listening = await nursery.start(run)
    bound = {"audiosocket": listening.audiosocket[1], "http": listening.http_port}
    await trio.to_thread.run_sync(partial(asterisk.point_at, **bound, secret=SECRET))
    yield RunningEngine(config, listening, stop, scope, events)
    stop.set()
    await finished.wait()
