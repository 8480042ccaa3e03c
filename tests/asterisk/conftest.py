"""One Asterisk and one emulated world for the session, an engine for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trio

from engine import log
from ops.embedded.world import World
from tests.asterisk.figures import FIGURES
from tests.asterisk.hosted_world import hosted_world
from tests.asterisk.pbx import ROOT, RealAsterisk, running_asterisk
from tests.asterisk.running_engine import Engines, RunningEngine, point_at
from tests.asterisk.spoken import greeting_seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Everything that was measured, in one table at the end."""
    if FIGURES:
        terminalreporter.section("measured with a real Asterisk")
        width = max(len(what) for what, _ in FIGURES)
        for what, figure in FIGURES:
            terminalreporter.write_line(f"{what:{width}}  {figure}")


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
async def engines(world: World, asterisk: RealAsterisk, nursery: trio.Nursery) -> AsyncIterator[Engines]:
    """Starts engines in this process, each on ports of its own; they end with the test."""
    engines = Engines(world.overrides, nursery)
    yield engines
    await engines.end()


@pytest.fixture
async def engine(engines: Engines, asterisk: RealAsterisk) -> RunningEngine:
    """Ready for calls, and the only one the dialplan knows."""
    engine = await engines.start()
    await point_at(asterisk, engine)
    return engine
