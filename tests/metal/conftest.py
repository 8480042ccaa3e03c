"""One machine for the session, on which callctl is installed as the guide says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.cli.running import ROOT as SOURCES
from tests.containers.compose import clone
from tests.metal.guide import block
from tests.metal.machine import ROOT, Machine, booted

_EMULATED: Final = """
DATABASE_URL=postgresql:///callctl
REDIS_URL=redis://127.0.0.1/0
GOOGLE_PROJECT=emulated
GOOGLE_PLAINTEXT=true
GOOGLE_SPEECH_ENDPOINT=127.0.0.1:9101
GOOGLE_TTS_ENDPOINT=127.0.0.1:9102
ANTHROPIC_API_KEY=emulated
ANTHROPIC_BASE_URL=http://127.0.0.1:9103
STORE_API_KEY=emulated
STORE_BASE_URL=http://127.0.0.1:9104
"""
_PORTS: Final = ("--speech-port=9101", "--tts-port=9102", "--anthropic-port=9103", "--store-port=9104")


def _missing() -> str:
    """What keeps a machine from being booted here."""
    if os.geteuid() != 0:
        return "needs root, to boot a machine of its own"
    if not (ROOT / "usr/lib/systemd/systemd").exists():
        return "no Debian to boot here; `nox -s metal` makes one"
    if " cgroup2 " not in Path("/proc/mounts").read_text():
        return "needs control groups of version 2 for a systemd of its own"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        return "needs the right to make namespaces (in a container: CAP_SYS_ADMIN)"
    return "" if shutil.which("uv") else "needs uv, for the wheels"


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The latest commit, its wheel, and those of all it needs: the machine reaches no index of packages."""
    if missing := _missing():
        pytest.skip(missing)
    folder = clone(tmp_path_factory.mktemp("sources"))
    python = (SOURCES / ".python-version").read_text().strip()
    subprocess.run(["uv", "build", "--wheel", "-q", "--out-dir", "dist"], cwd=folder, check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    subprocess.run(
        ["uvx", "--python", python, "pip", "wheel", "-q", "-c", "constraints.txt", "-w", "wheels",
         f"{wheel}[embeddings]"], cwd=folder, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def machine(sources: Path) -> Iterator[Machine]:
    """Bare, with the vendors in its network."""
    with booted(sources) as machine:
        machine("printf '[global]\\nno-index = true\\nfind-links = /srv/callctl/wheels\\n' >/etc/pip.conf")
        with machine.beside("emulators", "run", *_PORTS, "--until-stdin-closes", folder=sources) as vendors:
            try:
                yield machine
            finally:
                vendors.kill()


@pytest.fixture(scope="session")
def installed(machine: Machine) -> Machine:
    """Every command of the guide, in its order; between them the settings and articles an administrator would add."""
    for name in ("servers", "install", "settings"):
        machine(block(name))
    machine(f"cat >>/etc/callctl/callctl.env <<'END'{_EMULATED}END\nmkdir /srv/articles")
    machine("cp ops/seed/knowledge/d*.md /srv/articles")  # a few: the vectors of all take minutes
    machine(block("database"))
    print(f"\n{machine(block('start'))}")
    return machine
