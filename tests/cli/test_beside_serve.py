"""Commands typed beside a `callctl serve` that has started its own database: they find it."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.embedded.postgres import EmbeddedPostgres
from tests.cli.running import callctl


@pytest.fixture
def state() -> Iterator[Path]:
    """The folder in which servers keep what they have, and one of them there as `callctl serve` has it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "callctl" / "postgres"):
            yield Path(name)


def test_they_work_on_the_embedded_database_that_runs(state: Path, tmp_path: Path) -> None:
    settings = {"XDG_STATE_HOME": str(state)}
    assert callctl("db", "migrate", settings=settings, folder=tmp_path).returncode == 0
    added = callctl("users", "add", "olena", "--role", "supervisor", settings=settings, folder=tmp_path)
    assert (added.returncode, "/console/" in added.stdout) == (0, True)
    assert added.stderr == "DATABASE_URL is not set: this is the database that `callctl serve` has started here\n"
    found = callctl("doctor", "--json", settings=settings, folder=tmp_path).stdout
    states = {each["name"]: each["state"] for each in json.loads(found)}
    assert states["database"] == states["schema"] == "ok"


def test_once_it_has_ended_the_remedy_is_named(tmp_path: Path) -> None:
    (tmp_path / "callctl/postgres/data-18").mkdir(parents=True)
    left_behind = "1\n/x\n0\n5432\n/nowhere\n\n  0\nready\n"
    (tmp_path / "callctl/postgres/data-18/postmaster.pid").write_text(left_behind)
    ended = callctl("keys", "add", "report", settings={"XDG_STATE_HOME": str(tmp_path)}, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: DATABASE_URL is not set, and no `callctl serve` runs here")
    assert "set it in the environment or in .env" in ended.stderr
