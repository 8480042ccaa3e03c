"""The units: what systemd itself says of them, and what must hold between them and the settings."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from cli.supervising import BEYOND_THE_DRAIN
from engine.config import SECTIONS
from tests.cli.command_tree import parse
from tests.cli.running import ROOT

FOLDER: Final = ROOT / "ops/deploy/systemd"
SERVE: Final = FOLDER / "callctl-serve@.service"
SCHEDULER: Final = FOLDER / "callctl-scheduler.service"
GUIDE: Final = (FOLDER / "README.md").read_text()


def unit(path: Path) -> configparser.ConfigParser:
    """A key that is given several times keeps its last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
@pytest.mark.parametrize("path", [SERVE, SCHEDULER, FOLDER / "callctl.target"], ids=lambda path: path.name)
def test_systemd_understands_every_line(path: Path, tmp_path: Path) -> None:
    """With programs that exist, since the real ones are installed elsewhere."""
    for each in FOLDER.glob("callctl*.*"):
        text = each.read_text().replace("/opt/callctl/bin/callctl", "/bin/true").replace("User=callctl", "User=daemon")
        (tmp_path / each.name).write_text(text.replace("Group=callctl", ""))
    checked = tmp_path / path.name.replace("@", "@2")
    if checked.name != path.name:
        shutil.copy(tmp_path / path.name, checked)
    done = subprocess.run(["systemd-analyze", "verify", checked], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "callctl" in line] == []
    assert done.returncode == 0


@pytest.mark.parametrize("path", [SERVE, SCHEDULER], ids=lambda path: path.name)
def test_the_service_is_hardened_and_watched(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] != "root"
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectory"] == "callctl"
    assert service["CapabilityBoundingSet"] == ""
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces",
                 "LockPersonality", "MemoryDenyWriteExecute", "ProtectKernelModules"):  # fmt: skip
        assert service[name] == "yes", name
    assert {*service["RestrictAddressFamilies"].split()} == {"AF_INET", "AF_INET6", "AF_UNIX"}


@pytest.mark.parametrize("path", [SERVE, SCHEDULER], ids=lambda path: path.name)
def test_what_it_starts_is_a_command_of_ours(path: Path) -> None:
    command = unit(path)["Service"]["ExecStart"].replace("/opt/callctl/bin/", "").replace("%i", "2")
    assert parse(command)


@pytest.mark.parametrize(
    ("path", "section", "field"), [(SERVE, "call", "drain_seconds"), (SCHEDULER, "scheduler", "stop_seconds")]
)
def test_stopping_is_given_longer_than_the_work_in_progress(path: Path, section: str, field: str) -> None:
    seconds = SECTIONS[section].model_fields[field].default
    assert int(unit(path)["Service"]["TimeoutStopSec"]) >= seconds + BEYOND_THE_DRAIN


def test_the_guide_installs_the_files_there_are() -> None:
    named = {*re.findall(r"ops/deploy/systemd/(\S+)", GUIDE)}
    assert named == {path.name for path in FOLDER.iterdir()} - {"README.md"}
    for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
        subprocess.run(["bash", "-n", "-c", block], check=True)


@pytest.mark.parametrize("path", [SERVE, SCHEDULER], ids=lambda path: path.name)
def test_a_command_by_hand_runs_as_the_services_do(path: Path) -> None:
    """Another state folder would be one without their spools and back-ups: an erasure would pass over them."""
    command = re.search(r"^as_callctl\(\) \{\n(.*?)^\}", GUIDE, re.MULTILINE | re.DOTALL)
    assert command is not None
    said, service = command[1], unit(path)["Service"]
    (state,) = re.findall(r"XDG_STATE_HOME=\S+", service["Environment"])
    assert f"--setenv={state} " in said
    assert f"--uid={service['User']} " in said
    assert f"--gid={service['Group']} " in said
    for name in ("EnvironmentFile", "StateDirectory", "StateDirectoryMode"):
        assert f"--property={name}={service[name]} " in said
