"""The alerts: of series that exist, each with a case in which it fires and a runbook that helps."""

import re
from typing import Final

import pytest
import yaml

from tests.cli.command_tree import parse
from tests.cli.running import ROOT
from tests.watch.cases import CASES
from tests.watch.deployed import RUNBOOKS, Alert, alerts, declared, name_of, selectors

ALERTS: Final = {alert.name: alert for alert in alerts()}
HEADINGS: Final = ["What it means", "What the caller notices", "How to look", "How to mend"]


def test_no_name_is_given_twice() -> None:
    assert len(ALERTS) == len(alerts())


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_each_series_is_declared(alert: Alert) -> None:
    asked = {name_of(each) for each in selectors(alert.expression)}
    assert asked
    assert asked - declared() == set()


@pytest.mark.parametrize("alert", ALERTS.values(), ids=ALERTS)
def test_it_says_how_urgent_it_is_and_what_to_do(alert: Alert) -> None:
    assert alert.rule["labels"]["severity"] in ("page", "ticket")
    assert alert.rule["annotations"]["summary"]
    assert alert.rule["annotations"]["runbook_url"] == f"ops/runbooks/{alert.name}.md"


def test_each_has_a_case_that_fires_it_and_one_that_does_not() -> None:
    """tests.watch.test_promtool plays them."""
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_cases_are_of_series_that_exist(name: str) -> None:
    case = CASES[name]
    assert {name_of(each) for each in (*case.fires, *case.quiet)} - declared() == set()
    asked = {name_of(each) for each in selectors(ALERTS[name].expression)}
    assert asked & {name_of(each) for each in case.fires}


def test_memory_is_told_of_before_a_container_is_killed_for_it() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    limits = [compose[name]["deploy"]["resources"]["limits"]["memory"] for name in ("call-processor", "scheduler")]
    for name in ("serve", "scheduler"):
        text = (ROOT / f"ops/deploy/kubernetes/base/{name}.yaml").read_text()
        limits += re.findall(r"limits: {memory: (\w+)}", text)
    assert len(limits) >= 4
    least = min(int(re.sub(r"\D", "", limit)) * 2**30 for limit in limits if limit[-1] in "gi")
    now, in_a_day = map(float, re.findall(r"> (\S+)", ALERTS["MemoryGrows"].expression))
    assert now < in_a_day < least


def test_there_is_a_runbook_for_each_and_for_nothing_else() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == ALERTS.keys()


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_is_complete_and_its_commands_exist(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert all(len(part.strip()) > 0 for part in re.split(r"^#+ .+$", text, flags=re.MULTILINE)[2:])
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    for line in lines:
        if line.startswith("callctl "):
            parse(line)
    links = re.findall(r"\]\((\w+)\.md\)", text)
    assert set(links) <= ALERTS.keys()
