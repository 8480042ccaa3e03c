"""Real processes that die, hang and drain; the engine in them is left out (tests/e2e/test_workers.py has it)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest
import trio

from engine.supervisor.supervisor import Plan, Supervisor
from engine.supervisor.web import create_supervisor_app

PATIENCE: Final = 30.0
COMMAND: Final = (sys.executable, "-m", "tests.supervisor.worker")


def plan(*settings: dict[str, Any], stop_seconds: float = 20.0) -> Plan:
    return Plan(COMMAND, [json.dumps(each) for each in settings], stop_seconds)


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[tuple[Supervisor, trio.Event]]:
    """All workers ready; they must end by themselves once told to."""
    supervisor, stop = Supervisor(plan), trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run, stop)
            await ready(supervisor, len(plan.settings))
            yield supervisor, stop
            stop.set()
    assert supervisor.ready_workers == 0


async def ready(supervisor: Supervisor, count: int) -> None:
    while supervisor.ready_workers != count:  # noqa: ASYNC110 - seen from outside
        await trio.sleep(0.02)


def workers() -> list[psutil.Process]:
    """Those of this test."""
    return [each for each in psutil.Process().children() if "tests.supervisor.worker" in each.cmdline()]


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    assert workers() == []


async def test_workers_run_until_told_to_end() -> None:
    async with running(plan({}, {})) as (supervisor, _):
        assert len(workers()) == 2
        assert supervisor.ready.is_set()
    assert supervisor.status == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_worker_that_dies_or_hangs_is_replaced_and_the_other_left_alone(number: signal.Signals) -> None:
    async with running(plan({}, {})) as (supervisor, _):
        victim, other = workers()
        victim.send_signal(number)
        await ready(supervisor, 1)
        await ready(supervisor, 2)
        assert other.pid in {each.pid for each in workers()}
        assert victim.pid not in {each.pid for each in workers()}
        page = (await supervisor.metrics()).decode()
        assert 'callctl_worker_deaths_total{how="SIGKILL"}' in page
        assert 'callctl_workers{state="ready"} 2.0' in page


async def test_a_hung_event_loop_is_dead_within_three_seconds() -> None:
    supervisor, stop = Supervisor(plan({"hang": 1})), trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run, stop)
            await supervisor.ready.wait()
            [hung] = workers()
            with trio.fail_after(3):
                while hung.is_running() and hung.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
                    await trio.sleep(0.02)
            stop.set()


async def test_metrics_are_summed_and_what_a_dead_worker_counted_is_kept() -> None:
    async with running(plan({}, {})) as (supervisor, _):
        assert "calls_total 2.0\n" in (await supervisor.metrics()).decode()
        workers()[0].kill()
        await ready(supervisor, 1)
        await ready(supervisor, 2)
        assert "calls_total 3.0\n" in (await supervisor.metrics()).decode(), "1 of the dead, 1 of each that lives"


async def test_wrong_settings_end_everything_and_are_not_tried_again() -> None:
    supervisor = Supervisor(plan({"exit": 2}, {}))
    with trio.fail_after(PATIENCE):
        await supervisor.run(trio.Event())
    assert supervisor.status == 2


async def test_who_does_not_end_in_time_is_killed() -> None:
    async with running(plan({"slow_end": 60}, stop_seconds=0.5)) as (supervisor, _):
        pass
    assert supervisor.status <= 0


async def test_a_second_signal_cuts_short() -> None:
    supervisor, stop = Supervisor(plan({"slow_end": 60})), trio.Event()
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.run, stop)
            await supervisor.ready.wait()
            stop.set()
            await trio.sleep(0.2)
            nursery.cancel_scope.cancel()


async def test_readiness_is_that_of_any_worker() -> None:
    async with running(plan({"slow_end": 2}, {"slow_end": 2})) as (supervisor, stop):
        transport = httpx.ASGITransport(create_supervisor_app(supervisor))
        async with httpx.AsyncClient(transport=transport, base_url="http://supervisor") as client:
            assert (await client.get("/readyz")).json() == {"status": "ready", "workers": {"wanted": 2, "ready": 2}}
            os.kill(workers()[0].pid, signal.SIGKILL)
            await ready(supervisor, 1)
            assert (await client.get("/readyz")).status_code == 200
            stop.set()
            await ready(supervisor, 0)
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200
            assert "calls_total" in (await client.get("/metrics")).text


def test_workers_drain_when_their_supervisor_is_gone(tmp_path: Path) -> None:
    code = (
        "import json, sys, trio; from tests.supervisor.test_supervisor import plan; "
        "from engine.supervisor.supervisor import Supervisor; trio.run(Supervisor(plan({}, {})).run, trio.Event())"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as process:
        parent = psutil.Process(process.pid)
        while len(orphans := parent.children()) < 2:
            pass
        process.kill()
    gone, alive = psutil.wait_procs(orphans, timeout=PATIENCE)
    assert (len(gone), alive) == (2, [])
