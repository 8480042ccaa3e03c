"""`callctl serve` and the schema: one of another version is refused, an absent database is not waited for."""

from pathlib import Path

import pytest
import trio
from pydantic import SecretStr

from cli.schema import refuse_strange_schema
from engine.config import DatabaseConfig
from engine.errors import SchemaError
from ops.embedded.postgres import EmbeddedPostgres
from tests.cli.running import callctl, free_ports
from tests.database.fresh import fresh_database


def external(database_url: str) -> dict[str, str]:
    """Everything configured, to nobody but the database: nothing embedded is started."""
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    return {
        "DATABASE_URL": database_url, "REDIS_URL": f"redis://{nobody}", "GOOGLE_SPEECH_ENDPOINT": nobody,
        "GOOGLE_TTS_ENDPOINT": nobody, "GOOGLE_PLAINTEXT": "true", "ANTHROPIC_API_KEY": "x",
        "ANTHROPIC_BASE_URL": f"http://{nobody}", "STORE_BASE_URL": f"http://{nobody}",
    }  # fmt: skip


async def test_serve_refuses_a_database_that_was_not_migrated(server: EmbeddedPostgres, tmp_path: Path) -> None:
    async with fresh_database(server, directory=None):
        result = await trio.to_thread.run_sync(lambda: callctl("serve", settings=external(server.url), folder=tmp_path))
    *_, said = result.stderr.splitlines()
    assert result.returncode == 2
    assert said.startswith("error: the database of DATABASE_URL lacks 0001_calls.sql, ")
    assert said.endswith(": run `callctl db migrate`")


@pytest.mark.parametrize("command", [["stats", "daily"], ["customers", "list"], ["partitions", "ensure"]])
async def test_a_command_says_what_to_do_about_tables_that_are_missing(
    server: EmbeddedPostgres, tmp_path: Path, command: list[str]
) -> None:
    async with fresh_database(server, directory=None):
        settings = {"DATABASE_URL": server.url}
        result = await trio.to_thread.run_sync(lambda: callctl(*command, settings=settings, folder=tmp_path))
    [said] = result.stderr.splitlines()
    assert result.returncode == 2
    assert said.endswith("run `callctl db migrate`")


async def test_a_newer_schema_is_refused_and_ours_is_not(server: EmbeddedPostgres) -> None:
    config = DatabaseConfig(url=SecretStr(server.url))
    async with fresh_database(server) as database:
        await refuse_strange_schema(config)
        await database.execute("INSERT INTO schema_migrations (name, checksum) VALUES ('9999_later.sql', '')")
        with pytest.raises(SchemaError, match="newer version: install that one"):
            await refuse_strange_schema(config)


async def test_a_database_that_is_away_stops_nobody() -> None:
    with trio.fail_after(5):
        await refuse_strange_schema(DatabaseConfig(url=SecretStr(f"postgresql://127.0.0.1:{free_ports(1)[0]}/x")))
