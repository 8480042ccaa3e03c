"""What a shop copies to its Asterisk, as far as it can be judged without one; `nox -s asterisk` judges the rest."""

import re
from pathlib import Path
from typing import Final

import pytest

from engine.pbx.check.needs import CONTEXTS, MODULES, PRIVILEGES
from engine.pbx.handover_text import REASON, SUMMARY

ASTERISK: Final = Path(__file__).parents[2] / "ops" / "deploy" / "asterisk"
DIALPLAN: Final = (ASTERISK / "extensions.conf").read_text()
GLOBALS: Final = (ASTERISK / "globals.conf").read_text()
README: Final = (ASTERISK / "README.md").read_text()


def places() -> set[str]:
    """`context,extension` and `context` of all there is."""
    found, context = set(), ""
    for line in DIALPLAN.splitlines():
        if section := re.match(r"\[([\w-]+)\]", line):
            context = section[1]
            found.add(context)
        elif extension := re.match(r"exten => ([^,]+),1,", line):
            found.add(f"{context},{extension[1]}")
    return found


def test_every_jump_leads_somewhere() -> None:
    jumps = re.findall(r"(?:Goto|Gosub)\(([\w-]+),(\w+),\w+\)", DIALPLAN)
    jumps += re.findall(r"\?([\w-]+),(\w+),1\)", DIALPLAN)
    jumps += re.findall(r"[bU]\(([\w-]+)\^(\w+)\^1\)", DIALPLAN)
    assert len(jumps) > 15
    assert {f"{context},{extension}" for context, extension in jumps} <= places()


def test_every_label_that_is_jumped_to_is_there() -> None:
    for context in re.split(r"(?m)^\[", DIALPLAN)[1:]:
        labels = set(re.findall(r"n\((\w+)\)", context))
        wanted = set(re.findall(r"\?(\w+)\)$|\?(\w+):|,Goto\((\w+)\)$", context, re.MULTILINE))
        assert {label for found in wanted for label in found if label} - {"r"} <= labels, context.splitlines()[0]


def test_the_shops_values_are_those_the_dialplan_uses() -> None:
    used = set(re.findall(r"\$\{(CALLCTL_\w+)", DIALPLAN))
    offered = set(re.findall(r"(?m)^;?(CALLCTL_\w+)=", GLOBALS))
    from_ami = {name.removeprefix("__") for name in (REASON, SUMMARY)}
    assert used - from_ami - {"CALLCTL_ENGINE_"} == {name for name in offered if "ENGINE" not in name}
    assert "CALLCTL_ENGINE_1" in offered


def test_what_the_check_asks_for_is_what_is_shipped() -> None:
    assert {name for name, _ in CONTEXTS} <= places()
    write = re.search(r"(?m)^write = (.*)$", (ASTERISK / "manager.conf").read_text())
    assert write is not None
    assert set(write[1].split(",")) == set(PRIVILEGES)
    assert {module.name for module in MODULES} <= set(re.findall(r"\w+", README))


@pytest.mark.parametrize("name", [path.name for path in sorted(ASTERISK.glob("*.conf"))])
def test_the_readme_speaks_of_every_file(name: str) -> None:
    assert name in README


def test_the_secret_is_never_an_argument_in_plain_sight() -> None:
    """Asterisk logs the arguments of applications, but not those of functions inside them."""
    (line,) = [line for line in DIALPLAN.splitlines() if "${CALLCTL_SECRET}" in line]
    assert re.search(r"=\$\{LEN\(\$\{SET\(.*\$\{CALLCTL_SECRET\}\)\}\)\}\)$", line)
