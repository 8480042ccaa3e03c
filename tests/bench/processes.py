"""The engine and the fleet as children, each on its core; what they say as JSON lines. Blocking.

A child inherits the cores of the thread that starts it, so the starter moves there for that moment: the child's own
threads are then bound from their first instruction on.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

_STOP_SECONDS: Final = 10.0


@contextmanager
def on_cores(cores: Sequence[int]) -> Iterator[None]:
    """This thread, and what it starts, run there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Child:
    """A module of ours that prints JSON lines. Ends when its stdin does."""

    def __init__(
        self, *command: str, cores: Sequence[int], log: Path | None = None, config: dict[str, Any] | None = None
    ) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "CALLCTL_BENCH_CONFIG": json.dumps(config or {})}
        with on_cores(cores), open(log or os.devnull, "ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=stderr if log else None, env=environment,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    def next_line(self) -> dict[str, Any]:
        """What it says next. Raises `RuntimeError` if it has died."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()}")
        values: dict[str, Any] = json.loads(line)
        return values

    def ask(self) -> dict[str, Any]:
        """Send an empty line; its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return self.next_line()

    def close(self) -> None:
        """Let it end; make it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
