"""The workflow for GitHub: every check there is runs there, and all of them are required."""

import re
from typing import Any, Final

import yaml

from tests.cli.running import ROOT

JOBS: Final[dict[str, Any]] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
REQUIRED: Final = "required-checks-pass"
NO_CHECKS: Final = {"bench", "pin"}
"""Sessions that measure, and that change constraints.txt."""


def matrix_of(job: dict[str, Any]) -> list[str]:
    found: list[str] = job.get("strategy", {}).get("matrix", {}).get("session", [])
    return found


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_every_session_runs_there() -> None:
    sessions = set(re.findall(r"^@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    run = {session for job in JOBS.values() for session in matrix_of(job)}
    run |= set(re.findall(r"nox -s (\w+)", "\n".join(map(commands, JOBS.values()))))
    assert run == sessions - NO_CHECKS


def test_every_job_is_required() -> None:
    checks = {*JOBS} - {REQUIRED, "versions"}
    assert {*JOBS[REQUIRED]["needs"]} == checks
    assert set(re.findall(r"needs\.(\w+)\.result", commands(JOBS[REQUIRED]))) == checks
    assert JOBS[REQUIRED]["if"] == "always()"


def test_what_installs_debians_packages_runs_in_debian_with_the_rights_it_asks_for() -> None:
    for job in JOBS.values():
        if {"asterisk", "watch"} & {*matrix_of(job)}:
            assert job["container"] == {"image": "debian:trixie", "options": "--privileged"}
