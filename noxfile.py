"""How this project is checked. `bench` wants a quiet machine, `asterisk` root on Debian; the rest runs anywhere."""

from pathlib import Path

import nox

PYTHON = Path(".python-version").read_text().strip()
_KEEP_BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
"""The tests start many processes: each takes one second, not ten, once the bytecode of the vendors' SDKs is kept."""
_ELSEWHERE = ("asterisk", "browser", "containers", "metal", "prometheus", "scale")
"""Marks of tests that need what is not in a wheel, or the machine to themselves."""
_DATA_BENCHES = ("data_writer", "data_tables", "data_daily", "knowledge_search", "knowledge_embeddings", "api_calls")

nox.options.sessions = ["lint", "types", "layers", "tests"]
nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True


def _install(session: nox.Session) -> None:
    session.install("-c", "constraints.txt", "-e", ".[embedded]", "--group", "dev")


@nox.session(python=PYTHON)
def tests(session: nox.Session) -> None:
    """Unit, property and end-to-end tests, four files at a time: calls take real time. Arguments go to pytest."""
    _install(session)
    four = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
    rest = " and ".join(f"not {marker}" for marker in _ELSEWHERE)
    session.run("pytest", "-m", rest, *(session.posargs or four), env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """ruff: rules and format."""
    _install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=PYTHON)
def types(session: nox.Session) -> None:
    """mypy --strict."""
    _install(session)
    session.run("mypy")


@nox.session(python=PYTHON)
def layers(session: nox.Session) -> None:
    """Imports point downward only."""
    _install(session)
    session.run("lint-imports")


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Measure the engine at the wire, then the data beside it; arguments go to tests/bench/run.py (`--help`), alone."""
    _install(session)
    session.run("python", "-m", "tests.bench.run", *session.posargs)
    for section in () if session.posargs else _DATA_BENCHES:
        session.run("python", "-m", f"tests.bench.{section}")


@nox.session(python=PYTHON)
def asterisk(session: nox.Session) -> None:
    """A real Asterisk with SIPp callers, a real HAProxy with two engines (root, Debian; installed where missing)."""
    _install(session)
    folders = ("tests/asterisk", "tests/haproxy")
    for folder in folders:
        session.run("bash", f"{folder}/setup.sh", external=True)
    session.run("pytest", "-m", "asterisk", "-s", *(session.posargs or folders), env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def watch(session: nox.Session) -> None:
    """Dashboards and alerts before a real Prometheus (root, Debian; installed if it is not there)."""
    _install(session)
    session.run("bash", "tests/watch/setup.sh", external=True)
    session.run("pytest", "-m", "prometheus", "-s", "tests/watch", *session.posargs, env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def browser(session: nox.Session) -> None:
    """The console in a real Chromium, over a real engine (root, Debian; installed if it is not there)."""
    _install(session)
    session.run("bash", "tests/console/setup.sh", external=True)
    session.run("pytest", "-m", "browser", "-s", "tests/console", *session.posargs, env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def containers(session: nox.Session) -> None:
    """The image and compose.yaml, with the Docker of DOCKER_HOST: built, brought up, called, killed part by part."""
    _install(session)
    session.run("pytest", "-m", "containers", "-s", "tests/containers", *session.posargs, env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def metal(session: nox.Session) -> None:
    """The guide for bare metal, followed where systemd boots (root, Debian; its machine is made if it is not there)."""
    _install(session)
    session.run("bash", "tests/metal/setup.sh", external=True)
    session.run("pytest", "-m", "metal", "-s", "tests/metal", *session.posargs, env=_KEEP_BYTECODE)


@nox.session(python=PYTHON)
def audit(session: nox.Session) -> None:
    """Known vulnerabilities in what constraints.txt pins; a service of them that is out of reach is no pass."""
    session.install("pip-audit")
    session.run(
        "pip-audit",
        "-r",
        "constraints.txt",
        "--no-deps",
        "--disable-pip",
        "--strict",
        "--progress-spinner",
        "off",
        *session.posargs,
    )


@nox.session(python=PYTHON)
def build(session: nox.Session) -> None:
    """A wheel, and that it installs and starts."""
    session.run("uv", "build", "--wheel", "-q", "--out-dir", "dist", external=True)
    session.install("-c", "constraints.txt", "--reinstall-package", "callctl", *map(str, Path("dist").glob("*.whl")))
    session.run("callctl", "version")
    session.run("callctl", "config", "show", "--json", silent=True)


@nox.session(python=PYTHON)
def pin(session: nox.Session) -> None:
    """Compile constraints.txt anew from pyproject.toml; names no registry."""
    session.run(
        "uv", "pip", "compile", "pyproject.toml", "--all-extras", "--group", "dev", "--universal", "--upgrade",
        "--no-annotate", "--no-header", "-q", "-o", "constraints.txt", external=True,
    )  # fmt: skip
