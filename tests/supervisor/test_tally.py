"""Sums of what is counted, gauges by worker, and nothing lost with a worker that dies."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from engine.supervisor.tally import Tally


def page(calls: int, seconds: float, lag: float) -> str:
    """As a worker gives it."""
    registry = CollectorRegistry()
    Counter("calls_total", 'Calls, "ended".', ["outcome"], registry=registry).labels("completed").inc(calls)
    Histogram("turn_seconds", "Turns.", buckets=(1, 2), registry=registry).observe(seconds)
    Gauge("lag_seconds", "Lag.", registry=registry).set(lag)
    return generate_latest(registry).decode()


def samples(tally: Tally) -> Mapping[tuple[str, str], float]:
    """(name, labels) -> value; each series once."""
    found = [
        ((sample.name, ",".join(sample.labels.values())), sample.value)
        for family in text_string_to_metric_families(tally.page().decode())
        for sample in family.samples
    ]
    assert len(found) == len(dict(found))
    return dict(found)


def test_counters_and_histograms_are_summed_and_gauges_told_apart() -> None:
    tally = Tally()
    tally.heard(1, page(3, 0.5, 0.01))
    tally.heard(2, page(4, 1.5, 0.02))
    assert samples(tally) == {
        ("calls_total", "completed"): 7, ("turn_seconds_bucket", "1.0"): 1, ("turn_seconds_bucket", "2.0"): 2,
        ("turn_seconds_bucket", "+Inf"): 2, ("turn_seconds_count", ""): 2, ("turn_seconds_sum", ""): 2.0,
        ("lag_seconds", "1"): 0.01, ("lag_seconds", "2"): 0.02,
    }  # fmt: skip


def test_what_a_dead_worker_counted_stays_and_its_gauges_go() -> None:
    tally = Tally()
    tally.heard(1, page(3, 0.5, 0.01))
    tally.heard(2, page(4, 1.5, 0.02))
    tally.gone(2)
    after = samples(tally)
    assert after["calls_total", "completed"] == 7
    assert after["turn_seconds_count", ""] == 2
    assert ("lag_seconds", "2") not in after
    tally.heard(2, page(1, 0.1, 0.03))
    tally.gone(2)
    tally.gone(2)
    assert samples(tally)["calls_total", "completed"] == 8


def test_types_and_help_are_kept() -> None:
    tally = Tally()
    tally.heard(1, page(1, 1, 1))
    text = tally.page().decode()
    assert '# HELP calls_total Calls, "ended".\n# TYPE calls_total counter\n' in text
    assert "# TYPE turn_seconds histogram\n" in text
    assert "# TYPE lag_seconds gauge\n" in text
    assert "_created" not in text
