"""What the supervisor says of itself to Prometheus, below what its workers say. Written by `supervisor`."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

REGISTRY = CollectorRegistry()
WORKERS = Gauge("callctl_workers", "Workers, by state: wanted, ready.", ["state"], registry=REGISTRY)
DEATHS = Counter("callctl_worker_deaths_total", "Workers that ended unasked, by how.", ["how"], registry=REGISTRY)

_USUAL_DEATHS: Final = ("exit 1", "SIGKILL", "SIGSEGV", "SIGABRT")


def begin_at_zero() -> None:
    """A series that appears at 1 has, to Prometheus, never increased: an alert would miss the first death."""
    for how in _USUAL_DEATHS:
        DEATHS.labels(how)
