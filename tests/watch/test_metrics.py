"""The metrics as Prometheus wants them: names by convention, few series, each written in one place."""

import ast
import re
from collections import defaultdict
from functools import cache
from typing import Final

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from engine import metrics
from engine.dialogue import anthropic_wire
from engine.metrics import REGISTRY
from engine.speech import google_stt, google_tts
from engine.store import http as store_http
from engine.supervisor import metrics as supervisor_metrics
from engine.web.zeros import VENDORS, begin_at_zero
from ops.scheduler import metrics as scheduler_metrics
from tests.cli.running import ROOT
from tests.watch.deployed import alerts, name_of, selectors

DECLARED: Final[dict[str, MetricWrapperBase]] = {
    name: value
    for module in (metrics, scheduler_metrics, supervisor_metrics)
    for name, value in vars(module).items()
    if isinstance(value, Counter | Gauge | Histogram)
}
NO_BASE_UNIT: Final = re.compile(r"_(ms|milliseconds|minutes|hours|percent|kilobytes|mb|megabytes)(_|$)")
OF_MANY_VALUES: Final = {"id", "call_id", "uuid", "phone", "caller", "channel", "path", "url", "error", "text"}
PROMETHEUS_OWN: Final = {"job", "instance", "le", "quantile"}
SHARED: Final = {"VENDOR_ERRORS", "VENDOR_SECONDS", "BREAKER_OPEN"}
"""Written by each vendor's adapter under its own label."""
ONLY_BEGUN: Final = {"engine/web"}
BY_THEIR_NUMBER: Final = {"callctl_media_connections_total", "callctl_media_jitter_frames_total"}
"""One more or less makes no difference to their alerts."""


def named(metric: MetricWrapperBase) -> str:
    return next(iter(metric.describe())).name


def labels_of(metric: MetricWrapperBase) -> set[str]:
    return set(metric._labelnames)


@pytest.mark.parametrize("name", DECLARED)
def test_names_and_labels_follow_the_convention(name: str) -> None:
    metric = DECLARED[name]
    assert named(metric).startswith("callctl_")
    assert NO_BASE_UNIT.search(named(metric)) is None
    assert labels_of(metric) & (OF_MANY_VALUES | PROMETHEUS_OWN) == set()
    assert next(iter(metric.describe())).documentation.endswith(".")


def test_durations_are_in_seconds_and_sizes_in_bytes() -> None:
    histograms = [named(each) for each in DECLARED.values() if isinstance(each, Histogram)]
    assert histograms
    assert [name for name in histograms if not name.endswith(("_seconds", "_bytes"))] == []


@cache
def writers() -> dict[str, set[str]]:
    """Metric -> the packages whose modules name it."""
    found = defaultdict(set)
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "ops/scheduler").rglob("*.py")]:
        if path.name == "metrics.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics":
                found[node.attr].add(str(path.parent.relative_to(ROOT)))
            elif isinstance(node, ast.ImportFrom) and node.module == "engine.metrics":
                for alias in node.names:
                    found[alias.name].add(str(path.parent.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("name", DECLARED)
def test_each_is_written_in_one_package(name: str) -> None:
    packages = set(writers()[name])
    if name not in SHARED and len(packages) > 1:
        packages -= ONLY_BEGUN
    assert packages, f"nobody writes {name}"
    assert len(packages) == 1 or name in SHARED


def test_vendors_are_named_as_their_adapters_name_them() -> None:
    modules = (google_stt, google_tts, anthropic_wire, store_http)
    assert {module.VENDOR for module in modules} == set(VENDORS)


def test_what_an_alert_counts_begins_at_zero() -> None:
    """Of every counter with labels that an alert asks for by label."""
    begin_at_zero()
    there = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    counters = {f"{named(each)}_total" for each in vars(metrics).values() if isinstance(each, Counter)}
    asked = {name_of(each) for alert in alerts() for each in selectors(alert.expression) if "{" in each}
    expected = (asked & counters) - BY_THEIR_NUMBER
    assert expected
    assert expected - there == set()
