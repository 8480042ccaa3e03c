"""What lies in ops/deploy for those who watch: alert rules and dashboards, as data; and which series there can be."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client import CollectorRegistry, GCCollector, Metric, PlatformCollector, ProcessCollector

from engine import metrics
from engine.supervisor import metrics as supervisor_metrics
from ops.scheduler import metrics as scheduler_metrics
from tests.cli.running import ROOT

PROMETHEUS: Final = ROOT / "ops/deploy/prometheus"
GRAFANA: Final = ROOT / "ops/deploy/grafana"
ALERTMANAGER: Final = ROOT / "ops/deploy/alertmanager/alertmanager.yml"
RUNBOOKS: Final = ROOT / "ops/runbooks"
RULES: Final = sorted((PROMETHEUS / "rules").glob("*.yml"))

_SELECTOR: Final = re.compile(r"\b((?:callctl|process|python)_\w+|up)\b(\{[^}]*\})?")
_SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "info": ("",)}


@dataclass(frozen=True, slots=True)
class Alert:
    name: str
    expression: str
    rule: dict[str, Any]


@cache
def alerts() -> list[Alert]:
    return [
        Alert(rule["alert"], rule["expr"], rule)
        for path in RULES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


@cache
def dashboards() -> dict[str, Any]:
    """File name -> its JSON."""
    return {path.name: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """("calls.json: Outcomes", the panel) of every panel that shows something."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield f"{name}: {panel['title']}", panel


def expressions() -> dict[str, str]:
    """Where it stands -> PromQL, of every alert and of every panel with Grafana's variables filled in."""
    found = {alert.name: alert.expression for alert in alerts()}
    for title, panel in panels():
        for target in panel["targets"]:
            found[f"{title} {target['refId']}"] = filled_in(target["expr"])
    return found


def filled_in(expression: str) -> str:
    return expression.replace("$__rate_interval", "1m").replace("$__range", "5m")


def selectors(expression: str) -> set[str]:
    """`callctl_calls_total{outcome="refused"}`: what is asked of Prometheus by name, labels included."""
    return {name + (labels or "") for name, labels in _SELECTOR.findall(expression)}


def name_of(selector: str) -> str:
    return selector.partition("{")[0]


@cache
def declared() -> set[str]:
    """Every series our processes can have, and `up`, which is Prometheus' own."""
    process = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=process)
    registries = (metrics.REGISTRY, scheduler_metrics.REGISTRY, supervisor_metrics.REGISTRY, process)
    return {"up"} | {name for registry in registries for family in registry.collect() for name in _names(family)}


def _names(family: Metric) -> Iterator[str]:
    for suffix in _SUFFIXES[family.type]:
        yield family.name + suffix


def folder_copy(target: Path, scraped: dict[str, list[str]]) -> Path:
    """Our configuration of Prometheus at a fast pace, for the targets given by job; its main file."""
    for path in PROMETHEUS.rglob("*.yml"):
        copy = target / path.relative_to(PROMETHEUS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().replace("_interval: 15s", "_interval: 500ms"))
    entries = [{"targets": addresses, "labels": {"job": job}} for job, addresses in scraped.items()]
    (target / "targets/callctl.yml").write_text(json.dumps(entries))
    (target / "targets/alertmanager.yml").write_text("[]")
    return target / "prometheus.yml"
