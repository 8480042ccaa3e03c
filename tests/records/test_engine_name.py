"""Names in the records: distinct while in use, and found again by who starts after a death."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.errors import SpoolError
from engine.records.engine_name import held_name

HOLD = """
import sys
from pathlib import Path
from engine.records.engine_name import held_name
with held_name(Path(sys.argv[1]), "shop:9092") as name:
    print(name, flush=True)
    sys.stdin.read()
"""


def holder(root: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that has a name until it is killed."""
    command = [sys.executable, "-c", HOLD, str(root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_processes_of_one_name_are_told_apart_and_a_dead_ones_name_is_taken_up(tmp_path: Path) -> None:
    (first, one), (second, two) = holder(tmp_path), holder(tmp_path)
    try:
        assert (one, two) == ("shop:9092", "shop:9092#2")
        kill(first)
        with held_name(tmp_path, "shop:9092") as name:
            assert name == "shop:9092", "what the first left open is now found"
            with held_name(tmp_path, "shop:9092") as third:
                assert third == "shop:9092#3", "the second lives"
    finally:
        kill(first)
        kill(second)


def test_other_names_are_other_names(tmp_path: Path) -> None:
    with ExitStack() as held:
        names = [held.enter_context(held_name(tmp_path, wanted)) for wanted in ("a:1", "a:2", "a:1", "../../b c")]
    assert names == ["a:1", "a:2", "a:1#2", "../../b c"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["names"]


def test_a_folder_that_cannot_be_had_is_told_by_its_variable(tmp_path: Path) -> None:
    (tmp_path / "names").write_text("not a folder")
    with pytest.raises(SpoolError, match="RECORDS_SPOOL_DIRECTORY"), held_name(tmp_path, "a:1"):
        pytest.fail("there is no name to be had")
