"""A Debian with systemd as its first process, beside this machine: see `boot.sh`."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.cli.running import BINARIES, environment

ROOT: Final = Path(os.environ.get("CALLCTL_METAL_ROOT", "/var/tmp/callctl-metal"))
SERVE: Final = "callctl-serve@2.service"
PATIENCE: Final = 600.0
"""Seconds after which a command in it hangs: vectors of all articles take minutes on a busy machine."""
_BOOT: Final = Path(__file__).with_name("boot.sh")
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Machine:
    init: int
    """Its systemd, as this machine numbers it."""

    def run(self, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """As root, in a folder with the sources and their wheel."""
        command = ["nsenter", "--target", str(self.init), "--all", "env", "-i", "HOME=/root", _PATH,
                   "bash", "-euo", "pipefail", "-c", f"cd /srv/callctl\n{script}"]  # fmt: skip
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{script}\n→ {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def __call__(self, script: str) -> str:
        return self.run(script).stdout

    def beside(self, *arguments: str, folder: Path) -> subprocess.Popen[str]:
        """A `callctl` of ours that shares its network and nothing else: a caller, a vendor."""
        command = ["nsenter", "--target", str(self.init), "--net", str(BINARIES / "callctl"), *arguments]
        return subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def shown(self, *names: str, unit: str = SERVE) -> Sequence[str]:
        """What systemd knows of a unit, by the names of its properties."""
        return [self(f"systemctl show --value --property={name} {unit}").strip() for name in names]

    def wait_shown(self, name: str, value: str, seconds: float, unit: str = SERVE) -> None:
        deadline = time.monotonic() + seconds
        while (now := self.shown(name, unit=unit)) != [value]:
            assert time.monotonic() < deadline, f"{unit}: {name}={now} and not {value}\n{self.journal()}"
            time.sleep(0.2)

    def journal(self) -> str:
        return self(f"journalctl --no-pager --output=cat --unit={SERVE}")

    def logged(self) -> list[dict[str, Any]]:
        """What the engine has logged."""
        return [json.loads(line) for line in self.journal().splitlines() if line.startswith("{")]

    def processes(self, words: str) -> list[psutil.Process]:
        """Those whose command holds these words, as this machine sees them."""
        return [each for each in psutil.Process(self.init).children(recursive=True) if words in _command(each)]


@contextmanager
def booted(shared: Path) -> Iterator[Machine]:
    """Until the end of the block; all it has written is gone then."""
    with subprocess.Popen([_BOOT, ROOT, shared], stdout=subprocess.DEVNULL) as process:
        try:
            machine = Machine(_first_child(process))
            deadline = time.monotonic() + 120
            while (state := machine.run("systemctl is-system-running", check=False).stdout.strip()) != "running":
                assert time.monotonic() < deadline, f"{state}: {machine.run('systemctl --failed', check=False).stdout}"
                time.sleep(0.5)
            yield machine
        finally:
            process.kill()
            process.wait()
            _remove_control_group(process.pid)


def _first_child(process: subprocess.Popen[bytes]) -> int:
    for _ in range(100):
        starting = psutil.Process(process.pid)  # before it is `unshare` its children are those of a script
        if starting.name() == "unshare" and (children := starting.children()):
            return children[0].pid
        assert process.poll() is None, "could not be booted"
        time.sleep(0.1)
    raise AssertionError("is not being booted")


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended
        return ""


def _remove_control_group(pid: int) -> None:
    """Once the kernel is done with the processes."""
    for mounted in Path("/sys/fs/cgroup").rglob(f"callctl-metal-{pid}"):
        for folder, _, _ in os.walk(mounted, topdown=False):
            for _ in range(50):
                try:
                    Path(folder).rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
