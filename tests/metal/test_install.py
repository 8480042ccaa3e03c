"""An installation by the guide: it runs as the units say, is watched, takes calls and is found well."""

import json
import re
from pathlib import Path

import pytest

from tests.metal.guide import as_callctl
from tests.metal.machine import SERVE, Machine

pytestmark = pytest.mark.metal

SCHEDULER = "callctl-scheduler.service"
EXPOSURE = 1.5
"""Of 10, by systemd's own count."""


@pytest.mark.parametrize("unit", [SERVE, SCHEDULER])
def test_it_is_active_has_said_so_itself_and_is_nobody_special(installed: Machine, unit: str) -> None:
    names = ("ActiveState", "SubState", "NRestarts", "Type", "User")
    assert installed.shown(*names, unit=unit) == ["active", "running", "0", "notify", "callctl"]
    (status, pid) = installed.shown("StatusText", "MainPID", unit=unit)
    assert status
    assert installed(f"stat --format=%U /proc/{pid}").strip() == "callctl"


def test_systemd_says_what_it_is_doing(installed: Machine) -> None:
    assert installed.shown("StatusText") == ["answering calls at 127.0.0.1:9092 in 2 workers"]
    assert len(installed.processes("cli.worker")) == 2


def test_audio_has_priority_where_the_machine_can_allow_it(installed: Machine) -> None:
    """In a container it may not be able to, whatever the unit says."""
    limits = [Path(f"/proc/{worker.pid}/limits").read_text() for worker in installed.processes("cli.worker")]
    allowed = all(re.search(r"^Max realtime priority +[1-9]", each, re.MULTILINE) for each in limits)
    print(f"\nthe workers {'may' if allowed else 'may not'} have a real-time priority")
    events = {line["event"] for line in installed.logged()}
    said = {"real_time_priority", "no_real_time_priority"} & events
    assert said == {"real_time_priority" if allowed else "no_real_time_priority"}


@pytest.mark.parametrize("unit", [SERVE, SCHEDULER])
def test_systemd_finds_it_locked_in(installed: Machine, unit: str) -> None:
    said = installed(f"systemd-analyze security --no-pager --threshold={EXPOSURE * 10:.0f} {unit}")
    print(f"\n{said.splitlines()[-1]}")


def test_it_can_write_its_state_and_nothing_else(installed: Machine) -> None:
    (pid,) = installed.shown("MainPID")
    tried = "/opt/callctl/x /etc/callctl/x /srv/x /usr/x"
    script = f"for path in {tried} /var/lib/callctl/x; do (touch $path 2>/dev/null && echo $path) || true; done"
    inside = f"nsenter --target {pid} --mount setpriv --reuid callctl --regid callctl --clear-groups bash -c '{script}'"
    assert installed(inside).split() == ["/var/lib/callctl/x"]


def test_doctor_finds_nothing_but_the_clock(installed: Machine) -> None:
    """Which is not the machine's own."""
    for _ in range(3):  # each check waits for seconds only, and the cores may be busy with other things
        found = json.loads(installed.run(as_callctl("doctor --json"), check=False).stdout)
        failed = {each["name"]: each["found"] for each in found if each["state"] == "failed"}
        if failed.keys() <= {"clock"}:
            break
    assert failed.keys() <= {"clock"}, failed
    states = {each["name"]: each["state"] for each in found}
    assert states["database"] == states["vectors"] == states["store"] == "ok"


def test_a_call_is_answered_and_its_lines_are_found_by_its_id(installed: Machine, tmp_path: Path) -> None:
    before = len(installed.logged())
    said = ("--say", "Добрий день", "--say", "Скільки коштує доставка?", "--say", "Дякую, до побачення")
    heard, _ = installed.beside("dial", *said, folder=tmp_path).communicate(timeout=180)
    print(f"\n{heard}")
    assert heard.count("bot  ") >= 3
    lines = [line for line in installed.logged()[before:] if "call_id" in line]
    assert {line["call_id"] for line in lines} == {lines[0]["call_id"]}
    assert {"call_started", "caller_said", "bot_said", "call_ended"} <= {line["event"] for line in lines}
    assert "completed" in installed(as_callctl("calls list"))
