"""The table of jobs, a job's output, and `callctl jobs` and `callctl backup` as an administrator types them."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cli.main import app
from ops.embedded.postgres import EmbeddedPostgres
from ops.jobs.output import Output
from ops.jobs.table import JOBS
from ops.scheduler.schedule import Schedule

LIGHT = ["partitions", "daily-stats", "backup", "backup-verify", "retention", "embeddings"]
"""All but the one that needs a model; in an order in which each finds what it needs."""


@pytest.fixture(scope="module")
def shell() -> Iterator[CliRunner]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            run = CliRunner(env={"DATABASE_URL": server.url, "BACKUP_DIRECTORY": f"{name}/backups"})
            assert run.invoke(app, ["db", "migrate"]).exit_code == 0
            yield run


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_each_job_is_due_within_a_day(job: object) -> None:
    each = next(known for known in JOBS.values() if known is job)
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert (Schedule(each.cron, ZoneInfo("Europe/Kyiv")).next(now) - now).days == 0


def test_the_issue_names_seven() -> None:
    assert set(JOBS) == {*LIGHT, "quality"}


def test_output_is_bounded_and_keeps_both_ends() -> None:
    output = Output()
    for n in range(5000):
        output.add(f"line {n} " + "x" * 10_000 * (n == 4999))
    lines = output.text.splitlines()
    assert (lines[0], lines[100]) == ("line 0 ", "… 4500 lines left out …")
    assert lines[-1].startswith("line 4999 xxx")
    assert len(output.text) < 20_000


def test_jobs_run_by_hand_go_on_record(shell: CliRunner) -> None:
    for name in LIGHT:
        result = shell.invoke(app, ["jobs", "run", name])
        assert result.exit_code == 0, result.output
        assert result.stdout
    history = json.loads(shell.invoke(app, ["jobs", "history", "--json"]).stdout)
    assert [run["job"] for run in history] == LIGHT[::-1]
    assert all(run["ok"] and run["output"] and run["scheduled_for"] is None for run in history)
    only = shell.invoke(app, ["jobs", "history", "--job", "backup"]).stdout.splitlines()
    assert len(only) == 2
    assert "by hand" in only[1]


def test_a_job_that_fails_exits_with_1_and_says_why(shell: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = shell.invoke(app, ["jobs", "run", "backup"], env={"BACKUP_DIRECTORY": f"{tmp_path}/file/backups"})
    assert result.exit_code == 1
    assert "failed: BACKUP_DIRECTORY: cannot write to" in result.stdout
    [run] = json.loads(shell.invoke(app, ["jobs", "history", "--limit", "1", "--json"]).stdout)
    assert (run["job"], run["ok"]) == ("backup", False)


def test_the_list_tells_when_each_is_due(shell: CliRunner) -> None:
    listed = json.loads(shell.invoke(app, ["jobs", "list", "--json"]).stdout)
    assert [job["name"] for job in listed] == list(JOBS)
    assert all(datetime.fromisoformat(job["next"]) > datetime.now(UTC) for job in listed)
    assert len(shell.invoke(app, ["jobs", "list"]).stdout.splitlines()) == 1 + len(JOBS)


def test_back_ups_by_hand(shell: CliRunner, tmp_path: Path) -> None:
    folder = {"BACKUP_DIRECTORY": str(tmp_path)}
    assert "made " in shell.invoke(app, ["backup", "create"], env=folder).stdout
    [backup] = json.loads(shell.invoke(app, ["backup", "list", "--json"], env=folder).stdout)
    assert backup["rows"]["public.schema_migrations"] == len(backup["migrations"])
    assert "can be restored" in shell.invoke(app, ["backup", "verify"], env=folder).stdout
    refused = shell.invoke(app, ["backup", "restore", backup["name"]], env=folder)
    assert (refused.exit_code, refused.stderr) == (
        2, "error: the database is not empty: --force replaces all that is in it\n",
    )  # fmt: skip
    assert shell.invoke(app, ["backup", "restore", backup["name"], "--force"], env=folder).exit_code == 0
    Path(backup["file"]).write_bytes(b"PGDMP")
    damaged = shell.invoke(app, ["backup", "verify", backup["name"]], env=folder)
    assert damaged.exit_code == 2
    assert "altered or cut short" in damaged.stderr
    assert damaged.stderr.count("\n") == 1
