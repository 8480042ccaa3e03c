"""`callctl db`, as an administrator types it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.db import app
from cli.installation import NO_DATABASE
from tests.temporary import temporary_postgres


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with temporary_postgres() as server:
        yield server.url


def test_status_migrate_status(url: str) -> None:
    run = CliRunner(env={"DATABASE_URL": url})
    before = run.invoke(app, ["status", "--json"])
    assert before.exit_code == 1
    assert {"name": "0001_calls.sql", "state": "missing", "applied_at": None} in json.loads(before.stdout)
    assert "applied 0001_calls.sql" in run.invoke(app, ["migrate"]).stdout
    assert run.invoke(app, ["migrate"]).stdout == ""
    after = run.invoke(app, ["status"])
    assert (after.exit_code, "missing" in after.stdout) == (0, False)
    assert after.stdout.startswith("applied  0001_calls.sql  20")


def test_no_database_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env there
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # nor an embedded one
    result = CliRunner().invoke(app, ["migrate"])
    assert (result.exit_code, result.stderr) == (2, f"error: {NO_DATABASE}\n")
