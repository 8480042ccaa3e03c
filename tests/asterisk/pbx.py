"""A real Asterisk for one test session: its own configuration, ports and state, inside the root that setup.sh built.

Synchronous (processes and files): tests call it through `trio.to_thread`, fixtures directly.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
DEPLOY: Final = HERE.parents[1] / "ops" / "deploy" / "asterisk"
AMI_SECRET: Final = "engines-and-manager-only"
ROOT: Final = Path(os.environ.get("CALLCTL_ASTERISK_ROOT", "/var/tmp/callctl-asterisk"))
_EMPTY: Final = ("acl", "ccss", "cdr", "cel", "features", "geolocation", "pjproject", "udptl")
"""Configuration files that must be there, with nothing in them."""
_START_SECONDS: Final = 30
MOST_ENGINES: Final = 3
_STOP_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Channel:
    """A line of `core show channels concise`."""

    name: str
    context: str
    application: str
    bridged: bool


class RealAsterisk:
    """Running. `home` is its folder as the machine sees it."""

    def __init__(self, home: Path) -> None:
        self.sip_port = free_udp_port()
        self.operator_port = free_udp_port()
        """Where the queue's only member is looked for."""
        self.ami_port = free_tcp_port()
        """Of the user `callctl` with AMI_SECRET."""
        self._home = home
        self._config = f"/{home.relative_to(ROOT)}/etc/asterisk.conf"

    def cli(self, command: str) -> str:
        """What the console answers. Raises CalledProcessError when Asterisk is not there."""
        args = ["chroot", str(ROOT), "asterisk", "-C", self._config, "-rx", command]
        return subprocess.run(args, check=True, capture_output=True, text=True, timeout=_START_SECONDS).stdout

    def point_at(self, *, audiosocket: int, http: int, secret: str) -> None:
        """Where the dialplan finds its only engine, for calls from now on."""
        self.point_at_all([engine_at(f"127.0.0.1:{audiosocket}", f"127.0.0.1:{http}")], secret=secret)

    def point_at_all(self, engines: Sequence[str], *, secret: str) -> None:
        """The engines in the order in which they are asked, each by `engine_at`."""
        self.set_global("CALLCTL_SECRET", secret)
        for number in range(MOST_ENGINES):
            value = engines[number] if number < len(engines) else "-"
            self.set_global(f"CALLCTL_ENGINE_{number + 1}", value)

    def set_global(self, name: str, value: str) -> None:
        """A value of globals.conf, for calls from now on; Asterisk's console knows no empty ones."""
        self.cli(f"dialplan set global {name} {value}")

    def sound(self, name: str, mulaw: bytes) -> str:
        """A recording; the name by which the dialplan plays it."""
        (self._home / f"{name}.ulaw").write_bytes(mulaw)
        return f"/{self._home.relative_to(ROOT)}/{name}"

    def channels(self) -> list[Channel]:
        fields = [line.split("!") for line in self.cli("core show channels concise").splitlines() if "!" in line]
        return [Channel(name=f[0], context=f[1], application=f[5], bridged=bool(f[12])) for f in fields]

    def hang_up_all(self) -> None:
        """Callers that a test took away without a word would otherwise wait on in the queue."""
        for _ in range(100):
            self.cli("channel request hangup all")
            if not self.channels():
                return
            time.sleep(0.05)
        raise RuntimeError(f"Asterisk does not hang up: {self.channels()}")

    @property
    def pid(self) -> int:
        return int((self._home / "asterisk.pid").read_text())

    def log(self) -> str:
        return (self._home / "log" / "full").read_text(errors="replace")


@contextmanager
def running_asterisk(*, keep_log: Path) -> Iterator[RealAsterisk]:
    """Started and ready; stopped, and its folder gone, on leaving."""
    home = Path(tempfile.mkdtemp(prefix="callctl-", dir=ROOT / "var" / "tmp"))
    asterisk = RealAsterisk(home)
    _write_config(home, asterisk)
    command = ["bash", str(HERE / "run.sh"), str(ROOT), f"/{home.relative_to(ROOT)}/etc/asterisk.conf"]
    with (home / "console").open("wb") as console:
        process = subprocess.Popen(command, stdout=console, stderr=subprocess.STDOUT)
    try:
        _wait_booted(asterisk, process, home)
        yield asterisk
        asterisk.cli("core stop now")
        process.wait(_STOP_SECONDS)
    finally:
        process.kill()
        process.wait()
        shutil.copy(home / "log" / "full", keep_log)
        shutil.rmtree(home)


def engine_at(audiosocket: str, http: str) -> str:
    """An engine as globals.conf names it."""
    return f"{audiosocket},http://{http}"


def free_udp_port() -> int:
    return _free_port(socket.SOCK_DGRAM)


def free_tcp_port() -> int:
    return _free_port(socket.SOCK_STREAM)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _write_config(home: Path, asterisk: RealAsterisk) -> None:
    for folder in ("etc", "lib/keys", "spool", "log"):
        (home / folder).mkdir(parents=True)
    for name in _EMPTY:
        (home / "etc" / f"{name}.conf").touch()
    values = {
        "@HOME@": f"/{home.relative_to(ROOT)}",
        "@SIP_PORT@": str(asterisk.sip_port),
        "@OPERATOR_PORT@": str(asterisk.operator_port),
    }
    for template in (HERE / "conf").glob("*.conf"):
        text = template.read_text()
        for name, value in values.items():
            text = text.replace(name, value)
        (home / "etc" / template.name).write_text(text)
    _copy_what_is_shipped(home / "etc", asterisk.ami_port)


def _copy_what_is_shipped(etc: Path, ami_port: int) -> None:
    """As the README tells an administrator to."""
    shutil.copy(DEPLOY / "extensions.conf", etc / "callctl.conf")
    shutil.copy(DEPLOY / "globals.conf", etc / "callctl-globals.conf")
    manager = (DEPLOY / "manager.conf").read_text()
    manager = re.sub(r"(?m)^port = .*", f"port = {ami_port}", manager)
    (etc / "manager.conf").write_text(re.sub(r"(?m)^secret = .*", f"secret = {AMI_SECRET}", manager))


def _wait_booted(asterisk: RealAsterisk, process: subprocess.Popen[bytes], home: Path) -> None:
    for _ in range(_START_SECONDS * 5):
        if process.poll() is not None:
            break
        try:
            asterisk.cli("core waitfullybooted")
        except subprocess.CalledProcessError:  # no control socket yet
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("Asterisk did not start:\n" + (home / "console").read_text(errors="replace")[-2000:])
