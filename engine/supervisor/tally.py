"""One page of metrics out of those of several workers. Pure: text in, text out.

What is counted (counters, histograms) is summed. A gauge is a worker's own and gets the label `worker`: the sum of two
event loops' lateness says nothing, and where a sum is wanted (calls in progress) the query makes it. What a worker that
died had counted stays in the sums, or each death would look like a counter that began anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

_SUMMED: Final = ("counter", "histogram", "summary")

type _Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class _Family:
    type: str
    documentation: str
    samples: dict[_Key, float] = field(default_factory=dict)


type _Families = dict[str, _Family]


class Tally:
    """Of one supervisor. A page that does not come leaves the one before in force."""

    def __init__(self) -> None:
        self._pages: dict[int, str] = {}
        self._gone: _Families = {}

    def heard(self, worker: int, page: str) -> None:
        """A worker's metrics, in Prometheus' text format."""
        self._pages[worker] = page

    def gone(self, worker: int) -> None:
        """The process is dead: its gauges vanish, what it counted stays."""
        page = self._pages.pop(worker, None)
        if page is not None:
            _add(self._gone, (family for family in _read(page) if family.type in _SUMMED), {})

    def page(self) -> bytes:
        """All of it, in the same format."""
        merged: _Families = {}
        _add(merged, _metrics(self._gone), {})
        for worker, page in sorted(self._pages.items()):
            _add(merged, _read(page), {"worker": str(worker)})
        return generate_latest(_Page(_metrics(merged)))


class _Page(Collector):
    """What `generate_latest` asks of a registry."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _read(page: str) -> Iterable[Metric]:
    """Without the moments at which counters were made, which mean nothing in a sum."""
    return (family for family in text_string_to_metric_families(page) if not family.name.endswith("_created"))


def _add(into: _Families, metrics: Iterable[Metric], label: dict[str, str]) -> None:
    """Sum what is counted; give `label` to the rest."""
    for metric in metrics:
        family = into.setdefault(metric.name, _Family(metric.type, metric.documentation))
        own = {} if metric.type in _SUMMED else label
        for sample in metric.samples:
            key = (sample.name, tuple((sample.labels | own).items()))
            family.samples[key] = family.samples.get(key, 0.0) + sample.value


def _metrics(families: _Families) -> Iterable[Metric]:
    for name, family in families.items():
        metric = Metric(name, family.documentation, family.type)
        for (sample, labels), value in family.samples.items():
            metric.add_sample(sample, dict(labels), value)
        yield metric
