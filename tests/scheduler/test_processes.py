"""Schedulers as processes of their own, and what signals do to them."""

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest
import trio

from engine.database import Database
from ops.embedded.postgres import EmbeddedPostgres
from ops.jobs import runs
from tests.cli.running import ROOT, environment, free_ports

pytestmark = pytest.mark.e2e

TAKE_OVER = 30.0
WRITTEN = (
    "callctl_scheduler_leader 1.0",
    'callctl_job_last_success_timestamp_seconds{name="quick"}',
    'callctl_job_last_duration_seconds{name="quick"}',
    'callctl_job_runs_total{name="quick",result="ok"}',
    'callctl_job_runs_total{name="slow",result="failed"} 0.0',
    'callctl_job_next_timestamp_seconds{name="slow"}',
    'callctl_job_period_seconds{name="slow"} 3600.0',
    "process_resident_memory_bytes",
)
START = 60.0
"""Seconds. The machine is shared: a process may take its time to start."""


class Process:
    """One scheduler, and what it has logged."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path, metrics_port: int) -> None:
        self.popen = popen
        self.log = log
        self._metrics_port = metrics_port

    def metrics(self) -> str:
        """Empty while it does not listen yet."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=10) as answer:
                text: str = answer.read().decode()
        except URLError:
            return ""
        return text

    async def wait_logged(self, event: str, timeout: float) -> None:
        await until(lambda: f'"event":"{event}"' in self.log.read_text(), timeout, event)

    async def ended(self) -> int:
        return await trio.to_thread.run_sync(self.popen.wait, 30)


async def until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    with trio.move_on_after(timeout):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process
            await trio.sleep(0.05)
        return
    raise AssertionError(f"not within {timeout} s: {what}")


@contextmanager
def scheduler(server: EmbeddedPostgres, folder: Path, name: str, epoch: float) -> Iterator[Process]:
    [port] = free_ports(1)
    log = folder / f"{name}.log"
    settings = {"DATABASE_URL": server.url, "SCHEDULER_METRICS_PORT": str(port)}
    with log.open("wb") as output, subprocess.Popen(
        [sys.executable, "-m", "tests.scheduler.process", str(epoch)], cwd=ROOT, env=environment(settings),
        stdout=output, stderr=subprocess.STDOUT,
    ) as popen:  # fmt: skip
        try:
            yield Process(popen, log, port)
        finally:
            popen.kill()


async def started(database: Database, job: str, count: int = 1) -> list[runs.JobRun]:
    """Wait until so many runs of the job have begun; all of its runs, the latest first."""
    with trio.fail_after(START):
        while len(found := await runs.history(database, job=job, limit=1000)) < count:  # noqa: ASYNC110 - as above
            await trio.sleep(0.05)
    return list(found)


@pytest.mark.parametrize(("sign", "event"), [(signal.SIGKILL, "killed"), (signal.SIGSTOP, "hung")])
async def test_a_second_one_takes_over(
    server: EmbeddedPostgres, database: Database, tmp_path: Path, sign: int, event: str
) -> None:
    epoch = time.time()
    with scheduler(server, tmp_path, "first", epoch) as first, scheduler(server, tmp_path, "second", epoch) as second:
        await until(lambda: '"leading"' in first.log.read_text() + second.log.read_text(), START, "a leader")
        leader, other = (first, second) if '"leading"' in first.log.read_text() else (second, first)
        await started(database, "quick")
        await until(lambda: "callctl_scheduler_leader 0.0" in other.metrics(), START, "the other's metrics")
        await until(lambda: "callctl_scheduler_leader 1.0" in leader.metrics(), START, "the leader's metrics")
        leader.popen.send_signal(sign)
        before = time.monotonic()
        await other.wait_logged("leading", TAKE_OVER)
        print(f"{event}: taken over after {time.monotonic() - before:.1f} s")
        await started(database, "quick", 1 + len(await started(database, "quick")))
        await until(lambda: all(f"\n{name}" in other.metrics() for name in WRITTEN), START, "every metric")
        leader.popen.send_signal(signal.SIGKILL)


async def test_sigterm_lets_the_running_job_end_and_a_killed_one_is_on_record(
    server: EmbeddedPostgres, database: Database, tmp_path: Path
) -> None:
    with scheduler(server, tmp_path, "killed", time.time() - 600) as process:
        await started(database, "slow")
        process.popen.kill()
    with scheduler(server, tmp_path, "next", time.time() - 1200) as process:
        await process.wait_logged("job_died", START)
        found = await started(database, "slow", 2)
        assert [run.output for run in found if run.ok is False] == [runs.DIED]
        process.popen.send_signal(signal.SIGTERM)
        assert await process.ended() == 0
        assert "Traceback" not in process.log.read_text()
    latest = (await runs.history(database, job="slow"))[0]
    assert (latest.ok, latest.output) == (True, "begun\ndone")


async def test_a_second_signal_ends_the_running_job(
    server: EmbeddedPostgres, database: Database, tmp_path: Path
) -> None:
    with scheduler(server, tmp_path, "only", time.time() - 600) as process:
        await started(database, "slow")
        process.popen.send_signal(signal.SIGTERM)
        await process.wait_logged("stopping", START)
        process.popen.send_signal(signal.SIGTERM)
        assert await process.ended() == 130
    [run] = await runs.history(database, job="slow")
    assert (run.ok, run.output) == (False, "begun\n(stopped before its end)")
