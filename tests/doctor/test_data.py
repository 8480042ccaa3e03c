"""The checks of what is kept, against a real PostgreSQL and Valkey in good order and with injected faults."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.config import Config
from engine.database import Database
from engine.knowledge.articles import Reading
from engine.knowledge.shelf import load
from engine.records.partitions import ensure, listed
from ops.doctor import data
from ops.doctor.check import Check, Finding, look_at_all
from ops.doctor.table import CHECKS
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from tests.cli.running import free_ports
from tests.database.fresh import fresh_database
from tests.e2e.world import server_folder
from tests.knowledge.shop import article

NOW = datetime.now(UTC)
OF_THE_DATABASE = ("database", "extensions", "schema", "partitions", "articles", "vectors", "jobs", "back-up tools")

type Configure = Callable[..., Config]


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        await ensure(database, NOW, 1)
        yield database


@pytest.fixture
def configured(server: EmbeddedPostgres) -> Configure:
    def configure(**sections: dict[str, Any]) -> Config:
        return Config.from_env({"database": {"url": server.url}, **sections})

    return configure


async def look(config: Config, *names: str) -> dict[str, Finding]:
    checks = [check for check in CHECKS if check.name in names]
    assert len(checks) == len(names)
    return {each.name: each.finding for each in await look_at_all(checks, config, seconds=20)}


async def found(config: Config, name: str) -> Finding:
    return (await look(config, name))[name]


async def test_a_new_database_lacks_only_articles(database: Database, configured: Configure) -> None:
    states = {name: finding.state for name, finding in (await look(configured(), *OF_THE_DATABASE)).items()}
    assert states == {**dict.fromkeys(OF_THE_DATABASE, "ok"), "articles": "failed", "vectors": "skipped"}


async def test_articles_without_vectors(database: Database, configured: Configure) -> None:
    await load(database, Reading((article("a.md", "Доставка", "Доставляємо за два дні."),), ()))
    assert (await found(configured(), "articles")).text == "1 articles"
    vectors = await found(configured(), "vectors")
    assert (vectors.state, vectors.remedy) == ("failed", "callctl embeddings reindex")
    assert "1 of 1 chunks" in vectors.text


async def test_a_database_that_is_away_is_told_once() -> None:
    [port] = free_ports(1)
    config = Config.from_env({"database": {"url": f"postgresql://127.0.0.1:{port}/x"}})
    findings = await look(config, *OF_THE_DATABASE)
    assert findings.pop("database").state == "failed"
    assert {finding.state for finding in findings.values()} == {"skipped"}


async def test_a_wrong_user(server: EmbeddedPostgres) -> None:
    config = Config.from_env({"database": {"url": server.url.replace("//", "//nobody-of-this-name@", 1)}})
    finding = await found(config, "database")
    assert finding.state == "failed"
    assert "nobody-of-this-name" in finding.text
    assert "DATABASE_URL" in finding.remedy


async def test_an_old_schema(server: EmbeddedPostgres, configured: Configure) -> None:
    async with fresh_database(server, None):
        findings = await look(configured(), "schema", "partitions")
    assert findings["schema"].text.startswith("the database of DATABASE_URL lacks 0001_calls.sql")
    assert findings["schema"].remedy == "callctl db migrate"
    assert findings["partitions"].state == "failed"


async def test_a_month_is_missing(database: Database, configured: Configure) -> None:
    latest = max((each for each in await listed(database) if each.table == "calls"), key=lambda each: each.starts_at)
    await database.execute("DROP TABLE {name}", names={"name": latest.name})
    finding = await found(configured(), "partitions")
    assert finding.text == f"missing: calls {latest.starts_at:%Y-%m}"
    assert "callctl partitions ensure" in finding.remedy


async def test_jobs_that_nobody_runs(database: Database, configured: Configure) -> None:
    await database.execute("UPDATE schema_migrations SET applied_at = now() - interval '10 days'")
    finding = await found(configured(), "jobs")
    assert finding.state == "failed"
    assert finding.text.startswith("late: partitions, quality")


async def test_redis() -> None:
    with ExitStack() as stack:
        valkey = stack.enter_context(EmbeddedValkey(server_folder(stack) / "valkey"))
        assert (await found(Config.from_env({"redis": {"url": valkey.url}}), "redis")).state == "ok"
    [port] = free_ports(1)
    away = await found(Config.from_env({"redis": {"url": f"redis://127.0.0.1:{port}"}}), "redis")
    assert away.state == "failed"
    assert "REDIS_URL" in away.remedy


async def test_room_on_the_disk(tmp_path: Path) -> None:
    def config(**records: Any) -> Config:
        return Config.from_env({"records": {"spool_directory": tmp_path / "spool", **records}})

    assert (await found(config(), "room for records")).state == "ok"
    full = await found(config(spool_megabytes=10**9), "room for records")
    assert full.state == "failed"
    assert "1000000000 MB needed" in full.text
    (tmp_path / "file").touch()
    blocked = await found(config(spool_directory=tmp_path / "file" / "spool"), "room for records")
    assert blocked.text == f"{tmp_path / 'file'} is no folder that may be written to"


async def test_what_lies_in_the_spool_counts_as_room(tmp_path: Path) -> None:
    """The spool may fill its limit: what is in it already is not needed a second time."""
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "segment.jsonl").write_bytes(bytes(1_000_000))
    check = Check("room", data.spool_room, "")
    [looked] = await look_at_all([check], Config.from_env({"records": {"spool_directory": spool}}))
    assert looked.finding.state == "ok"


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"vector": "0.8.0", "pg_trgm": "1.6"}, "vector 0.8.0, pg_trgm 1.6"),
        ({"vector": "0.7.4", "pg_trgm": "1.6"}, "too old: vector 0.7.4, pg_trgm 1.6"),
        ({"pg_trgm": "1.6"}, "the server has no vector"),
    ],
)
def test_extensions_must_be_there_and_new_enough(versions: Mapping[str, str], said: str) -> None:
    found = data.of_extensions(versions)
    assert (found.state, found.text) == ("ok" if "0.8.0" in said else "failed", said)
