"""`callctl customers`, as one who answers for people's data types it: tables, spool and sessions are real."""

import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import trio
from pydantic import SecretStr
from typer.testing import CliRunner

from cli.main import app
from engine.cache import Cache
from engine.call.session import key
from engine.config import Config, DatabaseConfig, RecordsConfig, RedisConfig
from engine.database import Database
from engine.records.spool_folder import spool_root
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.valkey import EmbeddedValkey
from tests.cli.running import free_ports
from tests.database.fresh import fresh_database

PHONE = "+380671234567"
STARTED = datetime.now(UTC) - timedelta(hours=2)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[EmbeddedPostgres, EmbeddedValkey]]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name) / "postgres") as postgres, EmbeddedValkey(Path(name) / "valkey") as valkey:
            yield postgres, valkey


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything of a shop whose only customer has called once."""

    call_id: UUID
    environment: dict[str, str]
    spool: Path

    def type(self, *words: str, **more: str) -> tuple[int, str, str]:
        result = CliRunner(env=self.environment | more).invoke(app, ["customers", *words])
        return result.exit_code, result.stdout, result.stderr

    def session(self, document: dict[str, str], call_id: UUID) -> None:
        async def put(cache: Cache) -> None:
            await cache.set(key(call_id), document, ttl=60)

        trio.run(self._asked, put)

    def sessions(self) -> list[str]:
        found: list[str] = []

        async def ask(cache: Cache) -> None:
            found.extend(await cache.keys(""))

        trio.run(self._asked, ask)
        return found

    async def _asked(self, ask: Callable[[Cache], Awaitable[None]]) -> None:
        cache = Cache(RedisConfig(url=SecretStr(self.environment["REDIS_URL"])))
        await ask(cache)
        await cache.aclose()


@pytest.fixture
def shop(servers: tuple[EmbeddedPostgres, EmbeddedValkey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    postgres, valkey = servers
    call_id = uuid4()

    async def prepare() -> None:
        async with fresh_database(postgres) as database:
            await one_call(database, call_id)

    trio.run(prepare)
    environment = {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "RECORDS_SPOOL_DIRECTORY": str(tmp_path)}
    spool = spool_root(RecordsConfig(spool_directory=tmp_path), DatabaseConfig(url=SecretStr(postgres.url))) / "1"
    spool.mkdir(parents=True)
    return Shop(call_id, environment, spool)


async def one_call(database: Database, call_id: UUID) -> None:
    await database.execute("SELECT ensure_partitions(%s)", [STARTED])
    await database.execute(
        "INSERT INTO calls (id, started_at, ended_at, caller, outcome) VALUES (%s, %s, %s, %s, 'completed')",
        [call_id, STARTED, STARTED, PHONE],
    )
    await database.execute(
        "INSERT INTO call_turns (call_id, started_at, n, at, speaker, text)"
        " VALUES (%s, %s, 1, %s, 'caller', 'Добрий день')",
        [call_id, STARTED, STARTED],
    )
    await database.execute("INSERT INTO customers (phone, name) VALUES (%s, 'Іван Франко')", [PHONE])


def test_a_list_masks_people_unless_asked_not_to(shop: Shop) -> None:
    code, text, _ = shop.type("list")
    assert (code, "Франко" in text, "1234567" in text) == (0, False, False)
    code, text, _ = shop.type("list", "--unmask", "--json")
    [customer] = json.loads(text)
    assert (code, customer["phone"], customer["name"], customer["calls"]) == (0, PHONE, "Іван Франко", 1)


@pytest.mark.parametrize("phone", [PHONE, "067 123 45 67", "38(067)123-45-67"])
def test_show_takes_any_notation(shop: Shop, phone: str) -> None:
    code, text, _ = shop.type("show", phone)
    assert (code, f"phone: {PHONE}" in text, str(shop.call_id) in text, "completed" in text) == (0, True, True, True)


def test_export_gives_what_was_said(shop: Shop) -> None:
    code, text, _ = shop.type("export", PHONE)
    assert (code, "text: Добрий день" in text) == (0, True)
    code, text, _ = shop.type("export", PHONE, "--json")
    [said] = json.loads(text)["calls"][0]["turns"]
    assert (code, said["text"], said["at"]) == (0, "Добрий день", STARTED.isoformat())


@pytest.mark.parametrize("command", ["show", "export"])
def test_nobody_of_that_number(shop: Shop, command: str) -> None:
    assert shop.type(command, "0501112233") == (1, "", "error: nothing is on record of +380501112233\n")


@pytest.mark.parametrize("command", ["show", "export", "erase"])
@pytest.mark.parametrize("phone", ["12345", "Іван", "", "+49 30 123456"])
def test_what_is_no_phone_is_said_in_one_line(shop: Shop, command: str, phone: str) -> None:
    code, text, said = shop.type(command, phone)
    assert (code, text, said) == (
        2,
        "",
        f"error: {phone!r} is no phone number: give one like 067 123 45 67 or {PHONE}\n",
    )


def test_erase_wants_a_yes(shop: Shop) -> None:
    assert shop.type("erase", PHONE) == (2, "", "error: nobody is there to ask: erase with --yes\n")
    assert shop.type("show", PHONE)[0] == 0


def test_erase_leaves_nothing_in_tables_spool_and_sessions(shop: Shop) -> None:
    other = uuid4()
    shop.session({"history": "шини"}, shop.call_id)
    shop.session({"history": "дружина: 067 123 45 67"}, uuid4())
    shop.session({"history": "шини"}, other)
    refused = shop.spool / "refused"
    refused.write_text(
        f'{{"row": {{"caller": "{PHONE}"}}}}\n{{"row": {{"call_id": "{shop.call_id}"}}}}\n{{"row": 1}}\n'
    )
    code, text, _ = shop.type("erase", "067 123 45 67", "--yes")
    lines = text.splitlines()
    assert code == 0
    assert {"calls: 1 anonymised", "customers: 1 deleted", "call_turns: 1 texts deleted", "sessions: 2 deleted",
            "refused records: 2 deleted", f"nothing is left of {PHONE}"} == set(lines)  # fmt: skip
    assert refused.read_text() == '{"row": 1}\n'
    assert shop.sessions() == [key(other)]
    assert shop.type("show", PHONE)[0] == 1
    assert shop.type("erase", PHONE, "--yes") == (0, f"nothing was on record of {PHONE}\n", "")


def test_erase_refuses_while_records_wait_that_would_bring_him_back(shop: Shop) -> None:
    (shop.spool / "00000000000000000001-1.jsonl").write_text("a record\n")
    code, text, said = shop.type("erase", PHONE, "--yes")
    assert (code, text) == (2, "")
    assert said.endswith("run `callctl records replay` first\n")
    assert shop.type("show", PHONE)[0] == 0


def test_erase_looks_into_the_spools_of_every_address_the_database_had(shop: Shop) -> None:
    elsewhere = shop.spool.parent.parent / "shop-under-another-name" / "1"
    elsewhere.mkdir(parents=True)
    (elsewhere / "refused").write_text(f'{{"row": {{"caller": "{PHONE}"}}}}\n')
    segment = elsewhere / "00000000000000000001-1.jsonl"
    segment.write_text(f'00000000 CallStarted {{"caller": "{PHONE}"}}\n')
    code, _, said = shop.type("erase", PHONE, "--yes")
    assert (code, f"`callctl records replay --from {elsewhere.parent}`" in said) == (2, True)
    segment.write_text('00000000 CallStarted {"caller": "+380501112233"}\n')
    code, text, _ = shop.type("erase", PHONE, "--yes")
    assert (code, "refused records: 1 deleted" in text) == (0, True)
    assert (elsewhere / "refused").read_text() == ""


def test_erase_says_which_sessions_it_could_not_reach(shop: Shop) -> None:
    code, text, _ = shop.type("erase", PHONE, "--yes", REDIS_URL=f"redis://127.0.0.1:{free_ports(1)[0]}")
    ttl = Config.from_env().call.session_ttl
    assert (code, f"they end by themselves within {ttl} s\n" in text, "nothing is left" in text) == (0, True, False)
