"""Docker and compose, as somebody with a fresh clone uses them."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.cli.running import ROOT, free_ports

PATIENCE: Final = 600.0
"""Seconds after which a command of Docker's hangs: a first build fetches every package."""
_PORTS: Final = (
    "AUDIOSOCKET_PORT", "HTTP_PORT", "HTTP_METRICS_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT", "EMULATORS_PORT",
    "SIP_PORT",
)  # fmt: skip


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=check)


def inspect(what: str) -> dict[str, Any]:
    """Of an image or a container."""
    found: dict[str, Any] = json.loads(docker("inspect", what).stdout)[0]
    return found


def kill(container: str) -> None:
    """As the kernel would, out of memory: what Docker itself is told to kill, it does not start again."""
    pid = inspect(container)["State"]["Pid"]
    code = f"import os; os.kill({pid}, 9)"
    docker("run", "--rm", "--pid=host", "--user=0", "--entrypoint=python", "callctl", "-c", code)


@dataclass(frozen=True)
class Compose:
    """One project of `compose.yaml`, on ports of its own."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True)))

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["docker", "compose", "--project-name", "callctl-test", *arguments],
            cwd=self.folder, env=os.environ | {name: str(port) for name, port in self.ports.items()},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"docker compose {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done

    def container(self, service: str) -> str:
        return self("ps", "--all", "--quiet", service).stdout.strip()

    def health(self, service: str) -> tuple[int, str]:
        """How often it was started again, and how it is: `healthy`, `starting`, `unhealthy`."""
        container = inspect(self.container(service))
        state = container["State"]
        running = state["Health"]["Status"] if "Health" in state else state["Status"]
        return container["RestartCount"], running

    def wait_restarted(self, service: str, before: int, seconds: float) -> float:
        """Until it was started again and is healthy; how long that took."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            restarts, health = self.health(service)
            if restarts > before and health == "healthy":
                return time.monotonic() - began
            time.sleep(0.2)
        raise AssertionError(f"{service} is {self.health(service)}: {self('logs', '--tail', '30', service).stdout}")


def clone(folder: Path) -> Path:
    """What git would give somebody: the latest commit."""
    packed = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "--extract", "--directory", folder], input=packed, check=True)
    return folder


def reachable() -> bool:
    return shutil.which("docker") is not None and docker("compose", "version", check=False).returncode == 0


def lines(text: str, words: Sequence[str]) -> list[str]:
    """Those of a text that hold all words."""
    return [line for line in text.splitlines() if all(word in line for word in words)]
