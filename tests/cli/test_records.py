"""`callctl records`: what an engine that is gone has left, shown and brought in."""

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from pydantic import SecretStr

from engine.config import DatabaseConfig, RecordsConfig
from engine.records.entries import Entry, entry_of
from engine.records.rows import CallStarted
from engine.records.spool import Spool
from engine.records.spool_folder import spool_root
from engine.records.tables import Refused
from ops.embedded.postgres import EmbeddedPostgres
from tests.cli.running import callctl
from tests.e2e.world import migrated

START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as server:
            migrated(server.url)
            yield server.url


@pytest.fixture
def settings(url: str, tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": url, "RECORDS_SPOOL_DIRECTORY": str(tmp_path / "spool")}


def spool_of(settings: dict[str, str]) -> Spool:
    records = RecordsConfig(spool_directory=Path(settings["RECORDS_SPOOL_DIRECTORY"]))
    return Spool.open(spool_root(records, DatabaseConfig(url=SecretStr(settings["DATABASE_URL"]))), 1_000_000)


def entries(first: int) -> list[Entry]:
    return [entry_of(CallStarted(UUID(int=first + n), START, "+380671234567")) for n in range(10)]


def calls(settings: dict[str, str]) -> int:
    with psycopg.connect(settings["DATABASE_URL"]) as connection:
        found: int = connection.execute("SELECT count(*) FROM calls").fetchall()[0][0]
        return found


def test_what_waits_is_shown_and_brought_in_once(settings: dict[str, str], tmp_path: Path) -> None:
    gone, running = spool_of(settings), spool_of(settings)
    gone.append(entries(1))
    gone.refuse([Refused(entries(1)[0], "no such month")])
    running.append(entries(100))
    gone.close()
    shown = json.loads(callctl("records", "status", "--json", settings=settings, folder=tmp_path).stdout)
    assert [(each["rows"], each["in_use"], each["refused"]) for each in shown] == [(10, False, 1), (10, True, 0)]
    assert datetime.fromisoformat(shown[0]["oldest_at"]).tzinfo is not None
    lines = callctl("records", "status", settings=settings, folder=tmp_path).stdout.splitlines()
    assert ("gone" in lines[1], "running" in lines[2]) == (True, True)

    before = calls(settings)
    first = callctl("records", "replay", settings=settings, folder=tmp_path)
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "replayed 10 rows"), first.stderr
    second = callctl("records", "replay", settings=settings, folder=tmp_path)
    assert second.stdout.splitlines()[-1] == "nothing waits of an engine that is gone"
    assert calls(settings) - before == 10
    assert running.statistics().rows == 10
    running.close()


def test_what_was_meant_for_the_database_at_another_address(settings: dict[str, str], tmp_path: Path) -> None:
    elsewhere = spool_of(settings | {"DATABASE_URL": "postgresql://old.example/callctl"})
    elsewhere.append(entries(200))
    root = elsewhere.path.parent
    elsewhere.close()
    before = calls(settings)
    assert "nothing" in callctl("records", "replay", settings=settings, folder=tmp_path).stdout
    callctl("records", "replay", "--from", str(root), settings=settings, folder=tmp_path)
    assert calls(settings) - before == 10


def test_a_folder_that_is_none_and_no_spool_at_all(settings: dict[str, str], tmp_path: Path) -> None:
    wrong = callctl("records", "replay", "--from", "/nowhere", settings=settings, folder=tmp_path)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "/nowhere" in wrong.stderr
    assert "nothing waits" in callctl("records", "status", settings=settings, folder=tmp_path).stdout
