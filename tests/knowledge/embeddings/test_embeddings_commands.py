"""`callctl embeddings` as an administrator types it, and the job of the night."""

import json

import pytest
import trio
from typer.testing import CliRunner

from cli.main import app
from engine.config import DatabaseConfig
from engine.database import Database, migrate
from engine.database.lock import try_lock
from engine.knowledge.embeddings.reindex import LOCK
from ops.embedded.postgres import EmbeddedPostgres
from sql import MIGRATIONS
from tests.knowledge.embeddings.shop import SHOP, EmulatedGoogle, add, emptied, stock


class Shell:
    """Commands on one database; `google`: whose embeddings the settings can ask for."""

    def __init__(self, url: str, google: str) -> None:
        self._database = DatabaseConfig.model_validate({"url": url})
        self._run = CliRunner(env={
            "DATABASE_URL": url, "EMBEDDINGS_GOOGLE_ENDPOINT": google, "EMBEDDINGS_RATE": "1000", "COLUMNS": "200",
            "GOOGLE_PROJECT": "test", "GOOGLE_PLAINTEXT": "true", "EMBEDDINGS_PROVIDER": "google",
        })  # fmt: skip

    def __call__(self, line: str, code: int = 0, **settings: str) -> str:
        """What it printed; errors too."""
        result = self._run.invoke(app, line.split(), env=settings)
        assert result.exit_code == code, result.output
        return result.output

    async def _with_database(self, what: str, articles: dict[str, str]) -> None:
        async with Database(self._database) as database:
            assert await database.wait_available(5)
            await migrate(database, MIGRATIONS)
            if what == "empty":
                await emptied(database)
            elif what == "stock":
                await stock(database, articles)
            else:
                await add(database, articles)

    def prepare(self, what: str, articles: dict[str, str] | None = None) -> None:
        trio.run(self._with_database, what, articles or {})


@pytest.fixture
def shell(server: EmbeddedPostgres, google: EmulatedGoogle) -> Shell:
    shell = Shell(server.url, google.url)
    shell.prepare("empty")
    return shell


def test_from_nothing_to_a_set_and_on(shell: Shell) -> None:
    assert "no article is loaded" in shell("embeddings status")
    assert "callctl knowledge load" in shell("embeddings reindex", 2)
    assert "there is no set" in shell("embeddings sets")
    shell.prepare("stock", dict(SHOP))
    assert "callctl embeddings reindex" in shell("embeddings status", 1)
    assert "5 chunks embedded, 0 copied" in shell("embeddings reindex")
    assert "nothing to do" in shell("embeddings reindex --rate 5")
    [only] = json.loads(shell("embeddings sets --json"))
    assert (only["state"], only["vectors"], only["provider"], only["dimensions"]) == ("active", 5, "google", 768)
    assert "gemini-embedding-001" in shell("embeddings sets")
    state = json.loads(shell("embeddings status --json"))
    assert (state["alike"], state["to_embed"], state["reindex_due"]) == (True, 0, False)
    assert "google gemini-embedding-001 (768)" in shell("embeddings status")


def test_another_provider_is_asked_about_and_can_be_taken_back(shell: Shell) -> None:
    shell.prepare("stock", dict(SHOP))
    shell("embeddings reindex")
    state = json.loads(shell("embeddings status --json", 1, EMBEDDINGS_PROVIDER="local"))
    assert (state["configured"], state["alike"]) == ("local multilingual-e5-small-q4 (384)", False)
    assert "Say --yes" in shell("embeddings reindex", 2, EMBEDDINGS_PROVIDER="local")
    assert "local multilingual-e5-small-q4 (384), is active" in shell(
        "embeddings reindex --yes", EMBEDDINGS_PROVIDER="local"
    )
    first, second = (each["id"] for each in json.loads(shell("embeddings sets --json")))
    shell.prepare("add", {"Нова": "Стаття."})
    told = shell(f"embeddings activate {first}")
    assert f"set {first}, google" in told
    assert "1 chunks have no vector in it" in told
    assert f"set {second} may still be searched" in shell(f"embeddings drop {second} --yes", 2)


def test_a_set_nobody_can_ask_is_asked_about(shell: Shell) -> None:
    shell.prepare("stock", dict(SHOP))
    shell("embeddings reindex")
    shell("embeddings reindex --yes", EMBEDDINGS_PROVIDER="local")
    [first, _] = json.loads(shell("embeddings sets --json"))
    told = shell(f"embeddings activate {first['id']}", 2, EMBEDDINGS_PROVIDER="local", GOOGLE_PROJECT="")
    assert "nobody here can embed questions for set" in told
    assert "GOOGLE_PROJECT is not set" in told
    assert "Say --yes" in told
    assert json.loads(shell("embeddings sets --json"))[0]["state"] == "ready"
    assert "is active" in shell(f"embeddings activate {first['id']} --yes", GOOGLE_PROJECT="")


def test_as_many_dimensions_as_the_model_has(shell: Shell) -> None:
    shell.prepare("stock", dict(SHOP))
    assert "gemini-embedding-001 (3072), is active" in shell("embeddings reindex", EMBEDDINGS_GOOGLE_DIMENSIONS="3072")
    assert "3072" in shell("embeddings reindex", 2, EMBEDDINGS_GOOGLE_DIMENSIONS="3073")


def test_wrong_input_in_one_line(shell: Shell) -> None:
    shell.prepare("stock", dict(SHOP))
    shell("embeddings reindex")
    [active] = json.loads(shell("embeddings sets --json"))
    for line, told in (
        ("embeddings activate 99", "there is no set 99: callctl embeddings sets lists them"),
        ("embeddings drop 99 --yes", "there is no set 99"),
        (f"embeddings drop {active['id']} --yes", "is the active one: activate another first"),
        (f"embeddings drop {active['id']}", "Say --yes"),
        ("embeddings reindex --rate 0", "--rate 0: give a number"),
        ("embeddings reindex --rate nan", "--rate nan: give a number"),
    ):
        output = shell(line, 2)
        assert told in output
        assert output.count("\n") == 1
    unset = shell("embeddings reindex --yes", 2, GOOGLE_PROJECT="", EMBEDDINGS_GOOGLE_DIMENSIONS="512")
    assert unset.startswith("error: GOOGLE_PROJECT is not set")


def test_a_second_run_is_told_of_the_first(shell: Shell, server: EmbeddedPostgres) -> None:
    shell.prepare("stock", dict(SHOP))

    async def while_another_builds() -> None:
        async with Database(DatabaseConfig.model_validate({"url": server.url})) as database:
            assert await database.wait_available(5)
            async with try_lock(database, LOCK) as lock:
                assert lock is not None
                told = await trio.to_thread.run_sync(shell, "embeddings reindex", 2)
                assert told == "error: embeddings are being built by another process: wait until it is done\n"

    trio.run(while_another_builds)


def test_a_vendor_that_refuses_is_told_in_one_line(shell: Shell, google: EmulatedGoogle) -> None:
    shell.prepare("stock", dict(SHOP))
    google.refuse_strangers()
    assert shell("embeddings reindex", 2) == (
        "error: google embeddings: 401 Request had invalid authentication credentials.\n"
    )


def test_the_job_keeps_up_but_changes_no_provider(shell: Shell) -> None:
    assert "no article is loaded" in shell("jobs run embeddings")
    shell.prepare("stock", dict(SHOP))
    assert "5 chunks embedded" in shell("jobs run embeddings")
    shell.prepare("add", {"Нова": "Стаття."})
    assert "1 chunks embedded, 5 copied" in shell("jobs run embeddings")
    told = shell("jobs run embeddings", EMBEDDINGS_PROVIDER="local")
    assert "nothing was done" in told
    [*_, active] = json.loads(shell("embeddings sets --json"))
    assert (active["state"], active["provider"]) == ("active", "google")
