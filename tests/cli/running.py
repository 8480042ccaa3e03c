"""`callctl` as a process of its own, as people run it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from engine.config import SECTIONS

ROOT: Final = Path(__file__).parents[2]
BINARIES: Final = Path(sys.executable).parent
PATIENCE: Final = 90.0
"""Seconds after which a process of ours hangs. The machine is shared: nothing is measured by it."""


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, with `callctl` on the path, none of the engine's own variables but `settings`."""
    prefixes = tuple(section.model_config["env_prefix"] for section in SECTIONS.values())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return kept | {"PATH": f"{BINARIES}:{kept.get('PATH', '')}"} | dict(settings or {})


def callctl(
    *arguments: str, settings: Mapping[str, str] | None = None, folder: Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in `folder` (which has no .env)."""
    return subprocess.run(
        [BINARIES / "callctl", *arguments], env=environment(settings), cwd=folder, input=stdin, capture_output=True,
        text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


@contextmanager
def started(
    *arguments: str, settings: Mapping[str, str] | None = None, folder: Path, stderr: IO[str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run it beside the test; killed at the end if it still runs. `stderr`: a file, for one that logs."""
    with subprocess.Popen(
        [BINARIES / "callctl", *arguments], env=environment(settings), cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=stderr, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def free_ports(count: int) -> list[int]:
    """Ports nobody has now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
