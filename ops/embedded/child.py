"""A server process that cannot outlive us, not even after kill -9.

Between us and the server stands a shell that waits for two things: the server's end, and the end of a pipe only we
hold. When our process is gone, however it went, the kernel closes the pipe and the shell interrupts the server.
(PR_SET_PDEATHSIG would not do: it fires when the *thread* that started the server ends.) The server has a session
of its own, so a Ctrl-C at the terminal reaches us alone and the calls can drain first.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypedDict

from ops.embedded.account import Account
from ops.embedded.errors import EmbeddedServerError

_WATCHDOG: Final = """
exec 3<&0
"$@" 3<&- &
server=$!
{ read -r _; kill -INT "$server"; } <&3 >/dev/null 2>&1 &
watchdog=$!
wait "$server"; status=$?
kill "$watchdog" 2>/dev/null
exit "$status"
"""
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}
_POLL_SECONDS: Final = 0.01
_ORPHAN_SECONDS: Final = 5.0
_LOG_TAIL: Final = 2000


class _Credentials(TypedDict, total=False):
    """Arguments of subprocess that make the child run as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


class Child:
    """One running server. SIGINT must mean an orderly, prompt stop to it: it does to PostgreSQL and Valkey."""

    def __init__(self, command: Sequence[str], account: Account, *, directory: Path, log: Path) -> None:
        self._log = log
        reader, self._leash = os.pipe()
        try:
            with log.open("wb") as output:
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", _WATCHDOG, "sh", *command],
                    stdin=reader,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    env=_ENVIRONMENT,
                    start_new_session=True,
                    **_credentials(account),
                )
        except OSError as error:
            os.close(self._leash)
            raise EmbeddedServerError(f"cannot start {command[0]}: {error}") from error
        finally:
            os.close(reader)

    def wait_until(self, ready: Callable[[], bool], *, timeout: float) -> None:
        """Block until `ready()`. Raises, with the end of the log, if the server ends or takes too long."""
        deadline = time.monotonic() + timeout
        while not ready():
            if self._shell.poll() is not None or time.monotonic() > deadline:
                self.stop(timeout=1)
                raise EmbeddedServerError(f"server did not start: {self._log.read_text(errors='replace')[-_LOG_TAIL:]}")
            time.sleep(_POLL_SECONDS)

    def stop(self, *, timeout: float = 10) -> None:
        """Let go of the leash and wait; kill what is left after `timeout` seconds. A second call does nothing."""
        if self._leash < 0:
            return
        os.close(self._leash)
        self._leash = -1
        try:
            self._shell.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()


def run(command: Sequence[str], account: Account, *, directory: Path, text: str = "") -> None:
    """Run a tool of a server to its end, `text` as its input. Raises with its output if it fails."""
    done = subprocess.run(
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=_ENVIRONMENT,
        check=False,
        **_credentials(account),
    )
    if done.returncode:
        raise EmbeddedServerError(f"{command[0]}: {done.stdout.decode(errors='replace')[-_LOG_TAIL:]}")


def stop_orphan(pid_file: Path, directory: Path) -> None:
    """Stop the server named in `pid_file` that works in `directory`, and remove the file.

    For the holder of the directory's lock: such a server has lost its callctl. A file that names nobody or a stranger
    is removed all the same; PostgreSQL would take any process that bears the number by now for a server."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    for sign in (signal.SIGINT, signal.SIGKILL):
        deadline = time.monotonic() + _ORPHAN_SECONDS
        if _works_in(pid, directory):
            os.kill(pid, sign)
        while _works_in(pid, directory) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    pid_file.unlink(missing_ok=True)


def _works_in(pid: int, directory: Path) -> bool:
    """Whether the process is there and has `directory` as its working directory, as a postmaster has its data."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == directory.resolve()
    except OSError:
        return False


def _credentials(account: Account) -> _Credentials:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account.switch else {}
