"""The README is true: its commands run, its tables and its picture are those of the project."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cli.transcript import LEGEND
from engine.config import SECTIONS, variable
from tests.cli.command_tree import commands, parse
from tests.cli.running import BINARIES, ROOT

README: Final = (ROOT / "README.md").read_text()
BLOCKS: Final = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES: Final = [line for block in BLOCKS for line in block.splitlines()]
SETTINGS: Final = {variable(section, field) for section in SECTIONS.values() for field in section.model_fields}


def section(title: str) -> str:
    """The text under a heading."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(title: str) -> list[str]:
    """What stands between backticks in the first column of a section's tables."""
    return re.findall(r"^\| `([^`]+)` \|", section(title), re.MULTILINE)


def callctl_lines() -> list[tuple[dict[str, str], str]]:
    """(variables set before it, the command) of every line that is one of ours."""
    found = []
    for line in LINES:
        words = shlex.split(line)
        if "callctl" in words:
            at = words.index("callctl")
            found.append((dict(word.split("=", 1) for word in words[:at]), shlex.join(words[at:])))
    return found


@pytest.mark.parametrize(("settings", "line"), callctl_lines())
def test_each_command_is_one_that_callctl_takes(settings: dict[str, str], line: str) -> None:
    parse(line)
    assert settings.keys() <= SETTINGS


def test_each_command_is_in_the_table() -> None:
    assert sorted(table("Commands")) == sorted(commands())


def test_run_and_test_are_one_line_each() -> None:
    run, test = section("Run it, test it").split("<!-- tests -->")
    [run_line], [test_line] = ([line for line in part.splitlines() if line.startswith("pip ")] for part in (run, test))
    assert run_line.endswith(".venv/bin/callctl demo --once")
    assert "-c constraints.txt -e '.[embedded]'" in run_line
    assert test_line.endswith("nox -s tests")
    for line in (run_line, test_line):
        subprocess.run(["bash", "-n", "-c", line], check=True)


def test_ci_finds_the_test_command() -> None:
    """.ci/run, up to where it would run it."""
    script = (ROOT / ".ci/run").read_text()
    found = script[: script.index('bash -c "$readme_test"')].replace('"$0"', '"$1"')
    shown = subprocess.run(["bash", "-c", found, "-", ROOT / ".ci/run"], capture_output=True, text=True, check=True)
    assert shown.stdout == "+ pip install -q uv && uvx nox -s tests\n"


def test_the_sessions_are_those_of_nox() -> None:
    command = [sys.executable, "-m", "nox", "--list", "--no-color"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    sessions = set(re.findall(r"^[*-] (\w+)", listed, re.MULTILINE))
    assert {line.removeprefix("nox -s ") for line in table("Develop")} == sessions
    assert set(re.findall(r"nox -s (\w+)", README)) <= sessions


def test_the_layers_are_those_that_are_enforced() -> None:
    contract = (ROOT / ".importlinter").read_text()
    enforced = re.search(r"^layers =\n((?: +.+\n)+)", contract, re.MULTILINE)
    drawn = re.search(r"<!-- layers -->\n```text\n(.*?)```", README, re.DOTALL)
    assert enforced is not None
    assert drawn is not None
    rows = [line.split("│")[1].strip() for line in drawn[1].splitlines() if line.startswith("│")]
    assert rows == [line.strip() for line in enforced[1].splitlines()]


def test_every_variable_and_path_exists() -> None:
    assert set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=\w+)?`", README)) - {"CALLCTL_SECRET"} <= SETTINGS
    paths = [*table("How it is built"), *re.findall(r"`((?:ops|tests|engine)/[\w/.]+)`", README)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert "CALLCTL_SECRET" in (ROOT / "ops/deploy/asterisk/extensions.conf").read_text()


def test_the_excerpt_looks_as_the_demo_does() -> None:
    """Marks and names of the waterfall; one that took no time is left out, as in most answers `turn over` is."""
    excerpt = README.split("<!-- excerpt -->", 1)[1].split("```")[1]
    legends = [re.findall(r"([░▒▓█▂]) ([a-z ]+) \d+", line) for line in excerpt.splitlines() if line.endswith(" ms")]
    told = [legend for legend in legends if legend]
    assert told
    assert all(set(legend) <= set(LEGEND) and legend[-1] == LEGEND[-1] for legend in told)


@pytest.mark.parametrize("line", ["callctl config show --json", "callctl version"])
def test_what_ends_by_itself_runs(line: str, tmp_path: Path) -> None:
    assert line in LINES
    environment = os.environ | {"PATH": f"{BINARIES}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, check=True, stdout=subprocess.DEVNULL)
