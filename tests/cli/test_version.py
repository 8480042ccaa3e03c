"""Which build it is, for people and programs; the commit is read from a checkout without git."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from engine.release import checked_out
from sql import MIGRATIONS

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_as_json() -> None:
    result = CliRunner(env={"CALLCTL_COMMIT": SHA}).invoke(app, ["version", "--json"])
    assert json.loads(result.stdout) == {
        "version": version("callctl"), "python": platform.python_version(), "commit": SHA[:12],
        "schema": max(MIGRATIONS.glob("*.sql")).stem,
    }  # fmt: skip


def test_for_people() -> None:
    lines = CliRunner(env={"CALLCTL_COMMIT": SHA}).invoke(app, ["version"]).stdout.splitlines()
    assert dict(line.split() for line in lines)["commit"] == SHA[:12]


@pytest.mark.parametrize(
    ("files", "commit"),
    [
        ({"HEAD": f"{SHA}\n"}, SHA),
        ({"HEAD": "ref: refs/heads/main\n", "refs/heads/main": f"{SHA}\n"}, SHA),
        ({"HEAD": "ref: refs/heads/main\n", "packed-refs": f"# pack-refs\n{SHA} refs/heads/main\n"}, SHA),
        ({"HEAD": "ref: refs/heads/main\n", "packed-refs": f"{SHA} refs/heads/not-main\n"}, ""),
        ({}, ""),
    ],
)
def test_the_commit_of_a_checkout(files: dict[str, str], commit: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert checked_out(tmp_path) == commit
