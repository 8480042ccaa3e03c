"""What the guide says under "What happens when", done to the installed machine."""

import time
from pathlib import Path

import psutil
import pytest

from tests.metal.machine import SERVE, Machine

pytestmark = pytest.mark.metal

WORDS = ("--say", "Добрий день", "--say", "Скільки коштує доставка?", "--say", "Дякую, до побачення")

START_SECONDS = 240.0
"""On a machine whose cores are busy with other things each start takes a minute, or is tried again."""
PAGE = "http://127.0.0.1:9464/metrics"
METRICS = f"""python3 -c 'import urllib.request as web; print(web.urlopen("{PAGE}").read().decode())'"""


def in_call(machine: Machine) -> bool:
    events = [line["event"] for line in machine.logged()]
    return events.count("call_started") > events.count("call_ended")


def wait_in_call(machine: Machine) -> None:
    deadline = time.monotonic() + 30
    while not in_call(machine):
        assert time.monotonic() < deadline, machine.journal()
        time.sleep(0.2)


def seconds_to_end(process: psutil.Process, patience: float) -> float:
    began = time.monotonic()
    process.wait(patience)
    return time.monotonic() - began


def wait_two_workers(machine: Machine) -> None:
    """And both take calls."""
    (pid,) = machine.shown("MainPID")
    deadline = time.monotonic() + START_SECONDS
    while 'callctl_workers{state="ready"} 2.0' not in machine.run(METRICS, check=False).stdout:
        assert time.monotonic() < deadline, machine.journal()
        time.sleep(0.5)
    assert machine.shown("MainPID") == [pid]


def test_a_worker_that_hangs_is_killed_and_replaced(installed: Machine) -> None:
    wait_two_workers(installed)
    worker = installed.processes("cli.worker")[0]
    worker.suspend()
    print(f"\na hung worker was gone after {seconds_to_end(worker, 10):.2f} s")
    wait_two_workers(installed)
    assert "worker_hangs" in installed.journal()
    assert installed.shown("NRestarts") == ["0"]


def test_a_supervisor_that_hangs_is_ended_by_systemd_and_started_again(installed: Machine) -> None:
    (supervisor,) = installed.processes("callctl serve")
    supervisor.suspend()
    print(f"\na hung supervisor was gone after {seconds_to_end(supervisor, 30):.1f} s")
    installed.wait_shown("NRestarts", "1", 60)
    installed.wait_shown("ActiveState", "active", START_SECONDS)
    assert "Watchdog timeout" in installed.journal()
    wait_two_workers(installed)


def test_a_supervisor_that_dies_is_replaced_at_once(installed: Machine) -> None:
    (restarts,) = installed.shown("NRestarts")
    workers = installed.processes("cli.worker")
    (supervisor,) = installed.processes("callctl serve")
    supervisor.kill()
    installed.wait_shown("NRestarts", str(int(restarts) + 1), 60)
    installed.wait_shown("ActiveState", "active", START_SECONDS)
    assert not any(worker.is_running() for worker in workers)
    wait_two_workers(installed)


def test_a_stop_lets_the_call_in_progress_end(installed: Machine, tmp_path: Path) -> None:
    wait_two_workers(installed)
    with installed.beside("dial", *WORDS, folder=tmp_path) as caller:
        wait_in_call(installed)
        installed(f"systemctl stop --no-block {SERVE}")
        installed.wait_shown("ActiveState", "deactivating", 10)
        assert installed.shown("StatusText") == ["draining"]
        heard, _ = caller.communicate(timeout=180)
    assert heard.count("bot  ") >= 3, heard
    installed.wait_shown("ActiveState", "inactive", 60)
    assert installed.shown("Result", "ExecMainStatus") == ["success", "0"]
    assert [line["calls"] for line in installed.logged() if line["event"] == "draining"][-2:].count(1) == 1
    installed(f"systemctl start {SERVE}")


def test_a_mistake_in_the_settings_waits_for_somebody(installed: Machine) -> None:
    installed("cp -p /etc/callctl/callctl.env /root && echo CALL_MAX_CALLS=many >>/etc/callctl/callctl.env")
    try:
        assert installed.run(f"systemctl restart {SERVE}", check=False).returncode != 0
        time.sleep(3)  # RestartSec, and more
        assert installed.shown("ActiveState", "ExecMainStatus", "NRestarts") == ["failed", "2", "0"]
        assert "CALL_MAX_CALLS" in installed.journal()
    finally:
        installed("mv /root/callctl.env /etc/callctl/")
    installed(f"systemctl start {SERVE}")
    wait_two_workers(installed)


def test_the_target_restarts_and_stops_everything(installed: Machine) -> None:
    (before,) = installed.shown("MainPID")
    installed("systemctl restart callctl.target")
    installed.wait_shown("ActiveState", "active", START_SECONDS)
    assert installed.shown("MainPID") != [before]
    installed("systemctl stop callctl.target")
    for unit in (SERVE, "callctl-scheduler.service"):
        installed.wait_shown("ActiveState", "inactive", 60, unit=unit)  # the target itself does not wait for them
        assert installed.shown("Result", unit=unit) == ["success"]
