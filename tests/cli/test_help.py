"""Help: every command has it, with an example that is right, and it comes at once."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.cli.command_tree import commands, parse
from tests.cli.running import ROOT, callctl

SLOW = {"trio", "grpc", "anthropic", "google", "numpy", "fastapi", "httpx", "pydantic", "psycopg", "structlog",
        "engine.config", "engine.server", "ops"}  # fmt: skip


@pytest.mark.parametrize("path", commands())
def test_each_command_is_explained_with_an_example_of_itself(path: str) -> None:
    text = commands()[path].help or ""
    example = re.search(r"^Example: (callctl .+)$", text, re.MULTILINE)
    assert example is not None, f"`{path} --help` has no example"
    assert parse(example[1]) == path


@pytest.mark.parametrize("path", commands())
def test_each_option_is_explained(path: str) -> None:
    assert [option.name for option in commands()[path].params if not getattr(option, "help", None)] == []


def test_help_waits_for_no_library_of_the_engine() -> None:
    """In place of a stopwatch: what makes a start slow is not even imported."""
    code = "import sys, json, cli.main; json.dump(list(sys.modules), sys.stdout)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert SLOW & set(json.loads(loaded.stdout)) == set()


def test_no_line_of_a_command_list_is_cut_short() -> None:
    help_of_all = CliRunner().invoke(app, ["--help"]).stdout
    assert "..." not in help_of_all.partition("Commands:")[2]


def test_the_shell_completes_commands_and_options() -> None:
    """As `callctl --install-completion` makes bash and zsh ask."""
    asked = {"_CALLCTL_COMPLETE": "complete_bash", "COMP_WORDS": "callctl calls ", "COMP_CWORD": "2"}
    assert callctl(settings=asked, folder=ROOT).stdout.split() == ["list", "show"]
    options = {"_CALLCTL_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "callctl doctor --"}
    assert '"--json":"Print JSON."' in callctl(settings=options, folder=ROOT).stdout
