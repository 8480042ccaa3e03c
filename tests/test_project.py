"""The project's own promises: nothing idle, nothing overgrown, one version of Python, change notes that build."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cli.running import ROOT

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHON: Final = (ROOT / ".python-version").read_text().strip()
PACKAGES: Final = ("engine", "ops", "cli", "sql")
MOST_LINES: Final = 300
MOST_LINES_OF_A_FUNCTION: Final = 60

IMPORTED_AS: Final = {
    "argon2-cffi": "argon2",
    "audioop-lts": "audioop",
    "google-cloud-speech": "google.cloud.speech_v2",
    "google-cloud-texttospeech": "google.cloud.texttospeech_v1",
    "grpcio": "grpc",
    "markdown-it-py": "markdown_it",
}
"""Where the name is not the distribution's own with an underscore."""
NEVER_IMPORTED: Final = {
    "tzdata": "zoneinfo reads it where the system has no time zones",
}


def tracked(*patterns: str) -> list[Path]:
    """The files of the repository, also those not committed yet, ignored ones left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


def sources() -> list[Path]:
    return tracked(*(f"{package}/*.py" for package in PACKAGES))


def requirements() -> list[str]:
    project = PROJECT["project"]
    listed = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    return [canonicalize_name(Requirement(each).name) for each in listed]


@cache
def imported() -> set[str]:
    """Every dotted name that is imported, `from a.b import c` as both `a.b` and `a.b.c`, or looked for as a package."""
    names: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.util.find_spec":
                names |= {
                    each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return names


@pytest.mark.parametrize("requirement", requirements())
def test_no_dependency_is_idle(requirement: str) -> None:
    module = IMPORTED_AS.get(requirement, requirement.replace("-", "_"))
    used = any(name == module or name.startswith(f"{module}.") for name in imported())
    assert used is (requirement not in NEVER_IMPORTED)


def test_constraints_pin_every_requirement_and_name_no_registry() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines]
    assert all(len(pin.specifier) == 1 and str(pin.specifier).startswith("==") and pin.url is None for pin in pins)
    groups = [Requirement(each).name for group in PROJECT["dependency-groups"].values() for each in group]
    wanted = {*requirements(), *map(canonicalize_name, groups)}
    assert wanted - {canonicalize_name(pin.name) for pin in pins} == set()


def test_no_file_is_overgrown() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_overgrown() -> None:
    lengths = {f"{path}: {name}": lines for path in sources() for name, lines in _functions(path)}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    texts = tracked("*.py", "*.md", "*.toml", "*.sql", "*.conf", "*.yml", "*.yaml", "*.sh", ".ci/*", ".importlinter")
    assert texts
    assert [path for path in texts if mark.search(path.read_text())] == []


def test_one_place_says_which_python() -> None:
    """The noxfile and CI read .python-version; what may be older is `requires-python`, and the checkers hold to it."""
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert 'Path(".python-version")' in (ROOT / "noxfile.py").read_text()
    assert "python-version-file: .python-version" in workflow
    assert re.search(r"\b3\.1\d\b", workflow) is None
    oldest = PROJECT["tool"]["mypy"]["python_version"]
    assert PROJECT["project"]["requires-python"] == f">={oldest}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    said = {each.rpartition(" ")[2] for each in PROJECT["project"]["classifiers"] if "Python :: 3." in each}
    assert said == {oldest, PYTHON}


def test_change_notes_build() -> None:
    """A note of an unknown type would be left out in silence: each must appear."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--date", "2000-01-01"]
    draft = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown = " ".join(draft.split())
    notes = [path for path in tracked("newsfragments/*") if path.name != "README.md"]
    assert [path.name for path in notes if " ".join(path.read_text().split()) not in shown] == []
