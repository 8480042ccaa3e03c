"""What the scheduler says of itself to Prometheus, on a port of its own. Declared here, written by `scheduler`.

A job's name is the label `name`: `job` is Prometheus's own, which would rename ours.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from engine.config import SchedulerConfig
from engine.errors import ConfigError

REGISTRY = CollectorRegistry()
for _collector in (ProcessCollector, PlatformCollector, GCCollector):
    _collector(registry=REGISTRY)

LEADER = Gauge("callctl_scheduler_leader", "1 on the scheduler that starts jobs, 0 on one in waiting.",
               registry=REGISTRY)  # fmt: skip
LAST_SUCCESS = Gauge(
    "callctl_job_last_success_timestamp_seconds",
    "End of each job's latest good run; before the first, since when it is awaited.",
    ["name"],
    registry=REGISTRY,
)
LAST_SECONDS = Gauge(
    "callctl_job_last_duration_seconds", "Length of each job's latest run here.", ["name"], registry=REGISTRY
)
RUNS = Counter("callctl_job_runs_total", "Runs ended, by job and result.", ["name", "result"], registry=REGISTRY)
NEXT = Gauge("callctl_job_next_timestamp_seconds", "When each job is due next.", ["name"], registry=REGISTRY)
PERIOD = Gauge("callctl_job_period_seconds", "From the next time of each job to the one after.", ["name"],
               registry=REGISTRY)  # fmt: skip


def begin_at_zero(jobs: Iterable[str]) -> None:
    """A series that appears at 1 has, to Prometheus, never increased: an alert would miss a job's first failure."""
    for job in jobs:
        for result in ("ok", "failed"):
            RUNS.labels(job, result)


@contextmanager
def serve_metrics(config: SchedulerConfig) -> Iterator[int]:
    """Answer `/metrics` from a thread; gives the port. Raises `ConfigError` if it is taken."""
    try:
        server, thread = start_http_server(config.metrics_port, config.metrics_host, REGISTRY)
    except OSError as error:
        where = f"{config.metrics_host}:{config.metrics_port}"
        raise ConfigError(f"SCHEDULER_METRICS_PORT: cannot listen on {where}: {error.strerror}") from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
