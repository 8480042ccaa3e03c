"""Commands that show or change people's data are on the audit trail, and put there before they act."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
import trio
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from cli.main import app
from engine.access import audit
from engine.config import DatabaseConfig
from engine.database import Database, Row
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database
from tests.knowledge.shop import write

PHONE = "+380671234567"
CALL = str(uuid4())
NOTED = (
    (f"customers show {PHONE}", "customers.read", "+38067***4567"),
    (f"customers export {PHONE}", "customers.export", "+38067***4567"),
    (f"customers erase {PHONE} --yes", "customers.erase", "+38067***4567"),
    ("customers list --unmask", "customers.list", ""),
    ("calls list --unmask", "calls.list", ""),
    (f"calls show {CALL} --unmask", "calls.read", CALL),
    ("callbacks list --unmask", "callbacks.list", ""),
    (f"callbacks done {CALL}", "callbacks.done", CALL),
    ("knowledge load shelf", "articles.load", "shelf"),
    ("knowledge load shelf --replace", "articles.load", "shelf --replace"),
    ("retention run", "retention.run", ""),
    ("jobs run partitions", "jobs.run", "partitions"),
    ("users add olena --role viewer", "users.add", "olena viewer"),
    ("keys add report", "keys.add", "report viewer"),
)
COUNTS = """
    SELECT (SELECT count(*) FROM customers) AS customers, (SELECT count(*) FROM articles) AS articles,
           (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM api_keys) AS keys,
           (SELECT count(*) FROM job_runs) AS runs"""
NOT_NOTED = ("customers list", "calls list", f"calls show {CALL}", "callbacks list", "retention run --dry-run")


class Shop:
    """An installation with one customer and a directory of articles."""

    def __init__(self, url: str) -> None:
        self._url = url

    def type(self, line: str) -> Result:
        return CliRunner(env={"DATABASE_URL": self._url}).invoke(app, line.split())

    def forget_the_trail(self) -> None:
        trio.run(self._with, lambda database: database.execute("ALTER TABLE audit_log RENAME TO elsewhere"))

    def counts(self) -> Row:
        [counted] = trio.run(self._with, lambda database: database.fetch(COUNTS))
        return dict(counted)

    def trail(self) -> list[tuple[str, str]]:
        found = trio.run(self._with, lambda database: audit.listed(database, before=None, limit=20))
        assert all(entry.who.startswith("command ") for entry in found)
        return [(entry.what, entry.object) for entry in found]

    async def _with[T](self, work: Callable[[Database], Awaitable[T]]) -> T:
        async with Database(DatabaseConfig(url=SecretStr(self._url))) as database:
            await database.wait_available(10)
            return await work(database)


@pytest.fixture
def shop(server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    write(tmp_path / "shelf", {"delivery.md": "Доставка сто гривень."})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECORDS_SPOOL_DIRECTORY", str(tmp_path))

    async def prepare() -> None:
        async with fresh_database(server) as database:
            await database.execute("INSERT INTO customers (phone, name) VALUES (%s, 'Іван Франко')", [PHONE])

    trio.run(prepare)
    return Shop(server.url)


def test_what_shows_or_changes_peoples_data_is_noted(shop: Shop) -> None:
    for line, what, of in NOTED:
        shop.type(line)
        assert shop.trail()[0] == (what, of), line


def test_what_shows_nobody_is_not(shop: Shop) -> None:
    for line in NOT_NOTED:
        shop.type(line)
    assert shop.trail() == []


def test_what_cannot_be_noted_is_not_done(shop: Shop) -> None:
    shop.forget_the_trail()
    for line, _, _ in NOTED:
        ended = shop.type(line)
        assert (ended.exit_code, ended.stdout) == (2, ""), line
    assert shop.counts() == {"customers": 1, "articles": 0, "users": 0, "keys": 0, "runs": 0}
