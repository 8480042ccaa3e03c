"""`callctl config`: what is in force, without its secrets, and the file to begin from."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.settings import example_file
from engine.config import SECTIONS, Config, variable
from engine.config.shown import rows
from tests.cli.running import ROOT

SECRETS = ("AMI_SECRET", "ANTHROPIC_API_KEY", "DATABASE_URL", "HTTP_INTERNAL_SECRET", "REDIS_URL", "STORE_API_KEY")
EVERY = {variable(section, field) for section in SECTIONS.values() for field in section.model_fields}


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in EVERY:
        monkeypatch.delenv(name, raising=False)


def test_show_as_json_has_every_setting() -> None:
    result = CliRunner(env={"AUDIOSOCKET_PORT": "1234"}).invoke(app, ["config", "show", "--json"])
    settings = json.loads(result.stdout)
    assert set(settings) == EVERY
    assert settings["AUDIOSOCKET_PORT"] == 1234


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_secrets_are_never_shown(options: list[str]) -> None:
    secrets = dict.fromkeys(SECRETS, "redis://hidden-7f3a")
    result = CliRunner(env=secrets | {"COLUMNS": "200"}).invoke(app, ["config", "show", *options])
    assert result.exit_code == 0
    assert "hidden-7f3a" not in result.output
    assert result.stdout.count('"***"') == len(SECRETS)


def test_show_tells_what_was_set() -> None:
    result = CliRunner(env={"CALL_MAX_CALLS": "7", "COLUMNS": "200"}).invoke(app, ["config", "show"])
    lines = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert lines["CALL_MAX_CALLS"] == ["7", "set"]
    assert lines["CALL_LANGUAGE"] == ['"uk"', "default"]


def test_the_example_in_the_repository_is_the_generated_one() -> None:
    assert (ROOT / ".env.example").read_text() == example_file(), "callctl config example > .env.example"


def test_every_line_of_the_example_is_accepted_and_is_the_default(tmp_path: Path) -> None:
    untouched = [(name, value) for name, value, _ in rows(Config.from_env())]
    lines = [line.removeprefix("#") for line in example_file().splitlines() if line.startswith("#") and line[1] != " "]
    assert {line.partition("=")[0] for line in lines} == EVERY
    (tmp_path / ".env").write_text("\n".join(lines))
    read = rows(Config.from_env())
    assert [(name, value) for name, value, _ in read] == untouched
    empty = {name for name, value, _ in read if value in ("", None, [])}
    assert empty == {name for name, _, is_set in read if not is_set}
