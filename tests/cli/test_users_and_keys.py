"""`callctl users` and `callctl keys`, as an administrator types them; the database is real."""

import json

import pytest
import trio
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from cli.main import app
from engine.access import audit, keys, links
from engine.access.audit import Entry
from engine.access.identity import Identity
from engine.access.users import User
from engine.config import DatabaseConfig
from engine.database import Database
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

BASE = "https://bot.example.ua"


class Shop:
    """An installation in which nobody is known yet."""

    def __init__(self, url: str) -> None:
        self._url = url

    def type(self, *words: str) -> Result:
        return CliRunner(env={"DATABASE_URL": self._url, "HTTP_PUBLIC_URL": BASE}).invoke(app, words)

    def listed(self, what: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.type(what, "list", "--json").stdout)
        return found

    def whose_link(self, token: str) -> User | None:
        async def ask() -> User | None:
            async with Database(DatabaseConfig(url=SecretStr(self._url))) as database:
                return await links.whose(database, token)

        return trio.run(ask)

    def whose_key(self, key: str) -> Identity | None:
        async def ask() -> Identity | None:
            async with Database(DatabaseConfig(url=SecretStr(self._url))) as database:
                return await keys.identify(database, key)

        return trio.run(ask)

    def trail(self) -> list[Entry]:
        async def ask() -> list[Entry]:
            async with Database(DatabaseConfig(url=SecretStr(self._url))) as database:
                return list(await audit.listed(database, before=None, limit=20))

        return trio.run(ask)


@pytest.fixture
def shop(server: EmbeddedPostgres) -> Shop:
    async def empty() -> None:
        async with fresh_database(server):
            pass

    trio.run(empty)
    return Shop(server.url)


def test_a_user_is_added_by_a_one_time_link(shop: Shop) -> None:
    added = shop.type("users", "add", "olena", "--role", "supervisor")
    assert added.exit_code == 0, added.output
    address, _, token = added.stdout.strip().partition("?token=")
    assert address == f"{BASE}/console/first"
    user = shop.whose_link(token)
    assert user is not None
    assert (user.name, user.state) == ("olena", "invited")
    again = shop.type("users", "reset", "OLENA").stdout.strip().partition("?token=")[2]
    assert shop.whose_link(token) is None, "a new link makes the old one void"
    assert shop.whose_link(again) is not None


def test_a_user_is_disabled_and_enabled(shop: Shop) -> None:
    token = shop.type("users", "add", "olena", "--role", "admin").stdout.strip().partition("?token=")[2]
    assert shop.type("users", "disable", "olena").exit_code == 0
    assert shop.whose_link(token) is None
    assert [(user["name"], user["role"], user["state"]) for user in shop.listed("users")] == [
        ("olena", "admin", "disabled")
    ]
    assert shop.type("users", "reset", "olena").exit_code == 2
    shop.type("users", "enable", "olena")
    assert shop.listed("users")[0]["state"] == "invited"
    assert [entry.what for entry in shop.trail()] == ["users.enable", "users.disable", "users.add"]


def test_a_key_is_shown_once_and_revoked(shop: Shop) -> None:
    key = shop.type("keys", "add", "nightly report", "--days", "90").stdout.strip()
    who = shop.whose_key(key)
    assert who is not None
    [listed] = shop.listed("keys")
    assert (listed["prefix"], listed["role"], listed["state"]) == (who.name, "viewer", "valid")
    assert "T" in listed["created_at"], "as the API has it"
    assert key not in shop.type("keys", "list").stdout
    assert shop.type("keys", "revoke", listed["prefix"]).exit_code == 0
    assert shop.whose_key(key) is None
    assert shop.listed("keys")[0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("words", "told"),
    [(("users", "add", "olena", "--role", "boss"), "--role boss: give one of viewer, supervisor, admin"),
     (("users", "add", " ", "--role", "viewer"), "1 to 100 characters"),
     (("users", "reset", "nobody"), "there is no user 'nobody'"),
     (("users", "disable", "nobody"), "there is no user 'nobody'"),
     (("keys", "add", "x", "--role", "boss"), "--role boss"),
     (("keys", "add", ""), "1 to 100 characters"), (("keys", "add", "nightly\nreport"), "no line breaks"),
     (("keys", "revoke", "00000000"), "there is no valid key 00000000")],
)  # fmt: skip
def test_what_is_wrong_is_named_in_one_line(shop: Shop, words: tuple[str, ...], told: str) -> None:
    result = shop.type(*words)
    assert (result.exit_code, told in result.stderr, result.stderr.count("\n")) == (2, True, 1), result.stderr


def test_a_name_is_taken_once(shop: Shop) -> None:
    shop.type("users", "add", "olena", "--role", "viewer")
    result = shop.type("users", "add", "Olena", "--role", "admin")
    assert (result.exit_code, "callctl users reset" in result.stderr) == (2, True)
