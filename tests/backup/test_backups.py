"""Made, proved, put back, against a real PostgreSQL."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import trio
from pydantic import SecretStr

from engine.config import BackupConfig, DatabaseConfig
from engine.database import Database
from engine.database.libpq import other_database
from ops.backup import dump
from ops.backup.archive import Archive, Backup, checksum
from ops.backup.clients import find_clients, last_words
from ops.backup.errors import BackupError
from ops.backup.restore import restore
from ops.backup.verify import verify
from ops.embedded.postgres import packaged_programs
from tests.backup.conftest import CALLS, MONTHS

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
SCRATCH = "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'callctl_verify_%%' AND %s"
FINGERPRINT = "SELECT md5(string_agg(c::text, '|' ORDER BY id)) AS calls FROM calls c"


@pytest.fixture
async def backup(database: Database, config: DatabaseConfig, folder: BackupConfig) -> Backup:
    return await dump.create(config, folder, NOW)


@asynccontextmanager
async def new_database(database: Database, config: DatabaseConfig) -> AsyncIterator[DatabaseConfig]:
    """Empty, on the same server."""
    name = f"new_{uuid4().hex}"
    await database.execute("CREATE DATABASE {name}", names={"name": name})
    try:
        url = other_database(config.url.get_secret_value(), name)
        yield config.model_copy(update={"url": SecretStr(url)})
    finally:
        await database.execute("DROP DATABASE {name} WITH (FORCE)", names={"name": name})


async def test_what_is_made_is_whole_private_and_says_what_is_in_it(backup: Backup) -> None:
    assert backup.name == "callctl-20261122T013000Z"
    assert backup.manifest.rows["public.calls"] == CALLS
    assert backup.manifest.migrations[0] == "0001_calls.sql"
    await trio.run_process(["sha256sum", "-c", f"{backup.name}.dump.sha256"], cwd=backup.dump.parent)
    assert {path.stat().st_mode & 0o077 for path in backup.dump.parent.glob("callctl-*")} == {0}
    assert list(backup.dump.parent.glob("*.part")) == []


async def test_it_restores_to_the_same_rows_elsewhere(
    backup: Backup, database: Database, config: DatabaseConfig
) -> None:
    async with new_database(database, config) as elsewhere:
        await restore(backup, elsewhere, force=False)
        async with Database(elsewhere) as restored:
            assert await restored.wait_available(5)
            assert await restored.fetch(FINGERPRINT) == await database.fetch(FINGERPRINT)
            assert await restored.fetch("SELECT name FROM customers") == [{"name": "Їжак \\ 'Ґ'"}]


async def test_counts_and_dump_are_of_one_moment(
    database: Database, config: DatabaseConfig, folder: BackupConfig
) -> None:
    """While rows pour in."""
    async with trio.open_nursery() as nursery:

        async def pour() -> None:
            while True:
                await database.execute("INSERT INTO calls (id, started_at) VALUES (%s, %s)", [uuid4(), MONTHS[0]])

        nursery.start_soon(pour)
        await trio.sleep(0.1)
        backup = await dump.create(config, folder, NOW)
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()
    now = (await database.fetch("SELECT count(*) AS n FROM calls"))[0]["n"]
    assert CALLS < backup.manifest.rows["public.calls"] < now
    assert await verify(backup, config) == sum(backup.manifest.rows.values())


async def test_verifying_leaves_nothing_behind(backup: Backup, database: Database, config: DatabaseConfig) -> None:
    await database.execute("CREATE DATABASE callctl_verify_of_one_that_died")
    await verify(backup, config)
    assert await database.fetch(SCRATCH, [True]) == []


async def test_verifying_finds_what_is_missing_and_cleans_up(
    backup: Backup, database: Database, config: DatabaseConfig
) -> None:
    backup.manifest.rows["public.calls"] += 1  # type: ignore[index]
    with pytest.raises(BackupError, match=f"public.calls has {CALLS}, not {CALLS + 1}"):
        await verify(backup, config)
    assert await database.fetch(SCRATCH, [True]) == []


async def test_verifying_cut_short_cleans_up(backup: Backup, database: Database, config: DatabaseConfig) -> None:
    with trio.CancelScope() as scope:
        await verify(backup, config, moved=lambda what, *_: scope.cancel() if what == "restoring" else None)
    assert scope.cancelled_caught
    assert await database.fetch(SCRATCH, [True]) == []


@pytest.mark.parametrize("damage", ["cut", "altered"])
async def test_a_damaged_dump_is_refused_in_one_line(backup: Backup, config: DatabaseConfig, damage: str) -> None:
    content = bytearray(backup.dump.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 1
    backup.dump.write_bytes(content)
    for work in (verify(backup, config), restore(backup, config, force=True)):
        with pytest.raises(BackupError, match="altered or cut short") as caught:
            await work
        assert "\n" not in str(caught.value)


async def test_a_dump_that_breaks_off_midway_changes_nothing(
    backup: Backup, database: Database, config: DatabaseConfig
) -> None:
    """Its checksum is right: it was made so."""
    content = backup.dump.read_bytes()
    backup.dump.write_bytes(content[: len(content) * 3 // 4])
    sums = backup.dump.with_name(f"{backup.name}.dump.sha256")
    sums.write_text(f"{checksum(backup.dump)}  {backup.dump.name}\n")
    before = await database.fetch(FINGERPRINT)
    with pytest.raises(BackupError, match="pg_restore: "):
        await restore(backup, config, force=True)
    assert await database.fetch(FINGERPRINT) == before


async def test_nothing_is_overwritten_unless_forced(backup: Backup, database: Database, config: DatabaseConfig) -> None:
    before = await database.fetch(FINGERPRINT)
    await database.execute("DELETE FROM calls")
    await database.execute("CREATE TABLE of_later (n integer)")
    with pytest.raises(BackupError, match="--force"):
        await restore(backup, config, force=False)
    assert await database.fetch("SELECT count(*) AS n FROM calls") == [{"n": 0}]
    await restore(backup, config, force=True)
    assert await database.fetch(FINGERPRINT) == before
    assert await database.fetch("SELECT to_regclass('of_later') AS t") == [{"t": None}]
    await database.execute("SELECT ensure_partitions(%s)", [MONTHS[1] + timedelta(days=40)])  # it works as before


async def test_a_back_up_cut_short_leaves_nothing(
    database: Database, config: DatabaseConfig, folder: BackupConfig
) -> None:
    with trio.CancelScope() as scope:
        await dump.create(config, folder, NOW, moved=lambda *_: scope.cancel())
    assert scope.cancelled_caught
    assert list(Archive(folder).folder.glob("callctl-*")) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"pg_dump: error: connection failed: no route\npg_dump: hint: none\n", "connection failed: no route"),
        (b"psql:<stdin>:7: ERROR:  no space left\nCONTEXT:  COPY calls, line 3\n", "no space left"),
        (b"Killed\n", "Killed"),
        (b"", "no reason"),
    ],
)
def test_a_program_that_fails_is_quoted_in_one_line(said: bytes, told: str) -> None:
    assert last_words(said) == told


async def test_leftovers_of_a_killed_back_up_go(backup: Backup, config: DatabaseConfig, folder: BackupConfig) -> None:
    for name in ("callctl-20261101T000000Z.dump.part", "callctl-20261101T000000Z.json"):
        (backup.dump.parent / name).touch()
    await dump.create(config, folder, NOW + timedelta(days=1))
    assert len(list(backup.dump.parent.glob("callctl-*"))) == 6


async def test_what_others_keep_in_the_folder_stays(
    backup: Backup, config: DatabaseConfig, folder: BackupConfig
) -> None:
    strangers = ("callctl-notes.txt", "callctl-logs.json", "callctl-20261101.dump.part", "callctl-config.dump.sha256")
    for name in strangers:
        (backup.dump.parent / name).touch()
    (backup.dump.parent / "callctl-20261101T000000Z.json").mkdir()
    await dump.create(config, folder, NOW + timedelta(days=1))
    left = {path.name for path in backup.dump.parent.iterdir()}
    assert left >= {*strangers, "callctl-20261101T000000Z.json"}


@pytest.mark.parametrize("manifest", [None, "{}", "[]", '{"created": "2026-11-22", "rows": [1]}'])
async def test_a_dump_that_is_no_back_up_stands_in_nobodys_way(
    backup: Backup, config: DatabaseConfig, folder: BackupConfig, manifest: str | None
) -> None:
    stray = backup.dump.with_name("callctl-before-upgrade.dump")
    stray.touch()
    if manifest is not None:
        stray.with_suffix(".json").write_text(manifest)
    archive = Archive(folder)
    assert [each.name for each in archive.backups()] == [backup.name]
    assert [(each.name, each.dump) for each in archive.broken()] == [("callctl-before-upgrade", stray)]
    assert archive.get(backup.name) == archive.get(None) == backup
    assert await verify(archive.get(None), config)
    second = await dump.create(config, folder, NOW + timedelta(days=1))
    few = folder.model_copy(update={"keep_daily": 1, "keep_weekly": 0})
    assert dump.rotate(few, ZoneInfo("Europe/Kyiv")) == [backup.name]
    assert archive.get(None).name == second.name
    assert stray.exists()
    with pytest.raises(BackupError, match=r"callctl-before-upgrade\.json"):
        archive.get("callctl-before-upgrade")


async def test_rotation_removes_all_three_files(backup: Backup, config: DatabaseConfig, folder: BackupConfig) -> None:
    few = folder.model_copy(update={"keep_daily": 1, "keep_weekly": 0})
    second = await dump.create(config, few, NOW + timedelta(days=1))
    assert dump.rotate(few, ZoneInfo("Europe/Kyiv")) == [backup.name]
    assert [each.name for each in Archive(few).backups()] == [second.name]
    assert len(list(second.dump.parent.glob("callctl-*"))) == 3


async def test_two_at_once_exclude_each_other(config: DatabaseConfig, folder: BackupConfig, database: Database) -> None:
    with Archive(folder).writing(), pytest.raises(BackupError, match="another back-up"):
        await dump.create(config, folder, NOW)


def fake_client(folder: Path, version: str) -> Path:
    folder.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_client_older_than_the_server_is_passed_over(tmp_path: Path) -> None:
    old, new = fake_client(tmp_path / "old", "15.8 (Debian)"), fake_client(tmp_path / "new", "18.1")
    assert find_clients(17, [old, new]).pg_dump == str(new / "pg_dump")
    assert find_clients(15, [old, new]).pg_dump == str(old / "pg_dump")
    with pytest.raises(BackupError, match=r"the server is PostgreSQL 19, but .*old/pg_dump is of version 15"):
        find_clients(19, [old, new])
    assert packaged_programs() is not None


async def test_the_password_is_on_no_command_line(
    database: Database, config: DatabaseConfig, folder: BackupConfig
) -> None:
    url = config.url.get_secret_value().replace("callctl@", "callctl:s3cret@", 1)
    seen: list[bytes] = []

    def look(*_: object) -> None:
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes()
            except OSError:
                continue
            if b"pg_dump" in command or b"psql" in command:
                seen.append(command)

    secret = config.model_copy(update={"url": SecretStr(url)})
    backup = await dump.create(secret, folder, NOW, moved=look)
    await verify(backup, secret, moved=look)
    assert seen
    assert not any(b"s3cret" in command for command in seen)
    assert "s3cret" not in "".join(path.read_text(errors="replace") for path in backup.dump.parent.iterdir())
    assert os.environ.get("PGPASSWORD") is None
