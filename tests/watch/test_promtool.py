"""Prometheus' and Alertmanager's own tools on what we ship: syntax, and every alert in a case that fires it and in one
that does not."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.watch.cases import CASES, Case, Series
from tests.watch.deployed import ALERTMANAGER, PROMETHEUS, RULES
from tests.watch.programs import program

pytestmark = pytest.mark.prometheus

URL: Final = "http://127.0.0.1:9/"


def run(*command: str | Path) -> str:
    """What it prints; fails with all that it says if it fails."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_rules_are_in_order() -> None:
    said = run(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert said.count("SUCCESS") == len(RULES)


@pytest.mark.parametrize("targets", ["targets", "targets.compose"])
def test_the_configuration_is_in_order(targets: str, tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text((PROMETHEUS / "prometheus.yml").read_text())
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    shutil.copytree(PROMETHEUS / targets, tmp_path / "targets")
    run(program("promtool"), "check", "config", tmp_path / "prometheus.yml")


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    amtool = program("amtool")
    text = ALERTMANAGER.read_text().replace("${ALERT_PAGE_URL}", URL).replace("${ALERT_TICKET_URL}", URL)
    assert "${" not in text.partition("\nroute:")[2]
    filled = tmp_path / "alertmanager.yml"
    filled.write_text(text)
    run(amtool, "check-config", filled)
    assert run(amtool, "config", "routes", "test", f"--config.file={filled}", "severity=page").strip() == "page"
    assert run(amtool, "config", "routes", "test", f"--config.file={filled}", "severity=ticket").strip() == "ticket"


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_when_it_should_and_only_then(name: str, tmp_path: Path) -> None:
    promtool = program("promtool")
    case = CASES[name]
    cases = {"rule_files": [str(path) for path in RULES], "evaluation_interval": "1m", "tests": _played(name, case)}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(cases))
    run(promtool, "test", "rules", path)


def _played(name: str, case: Case) -> list[dict[str, Any]]:
    firing = f'count(ALERTS{{alertname="{name}", alertstate="firing"}})'
    return [
        _test(case.fires, f"{firing} > bool 0", case.at, [{"labels": "{}", "value": 1}]),
        _test(case.quiet, firing, case.quiet_at or case.at, []),
    ]


def _test(series: Series, expression: str, at: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": expected}],
    }
