"""Keeps the workers running, and speaks for all of them: one page of metrics, one answer to whether calls are welcome.

Before: the command line has prepared whatever the workers need. After: each worker is an engine like any other. A
worker that ends with a mistake in its settings before it was ever ready ends everything: it would do so again.
"""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import trio
from prometheus_client import generate_latest

from engine.log import get_logger
from engine.supervisor import metrics
from engine.supervisor.pulse import Pauses
from engine.supervisor.seat import Seat
from engine.supervisor.tally import Tally

log = get_logger("supervisor")

_WRONG_SETTINGS: Final = 2
_COLLECT_SECONDS: Final = 5.0
"""Between looks at the workers' metrics: what one that dies had counted since the last is lost."""
_COLLECT_TIMEOUT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`settings`: one JSON object a worker. `stop_seconds`: how long one may take to end when asked."""

    command: Sequence[str]
    settings: Sequence[str]
    stop_seconds: float


class Supervisor:
    """Run it once; it ends when every worker has ended after `stop` was set."""

    def __init__(self, plan: Plan) -> None:
        self.ready = trio.Event()
        """Set when the first worker can take calls."""
        self.status = 0
        """How it ended: the greatest exit status of a worker that was asked to end, or that could not start."""
        self._tally = Tally()
        self._plan = plan
        self._seats = [
            Seat(number, plan.command, settings, self._tally) for number, settings in enumerate(plan.settings, 1)
        ]

    @property
    def wanted(self) -> int:
        return len(self._seats)

    @property
    def ready_workers(self) -> int:
        """How many take new calls now."""
        return sum(seat.is_ready for seat in self._seats)

    async def run(self, stop: trio.Event) -> None:
        """Until `stop` is set and the last call has ended. Cancelling cuts the calls short."""
        metrics.begin_at_zero()
        async with (
            httpx.AsyncClient(timeout=_COLLECT_TIMEOUT, trust_env=False) as client,
            trio.open_nursery() as beside,
        ):
            beside.start_soon(self._collect_often, client)
            async with trio.open_nursery() as workers:
                for seat in self._seats:
                    workers.start_soon(self._keep_running, seat, stop)
            beside.cancel_scope.cancel()

    async def metrics(self) -> bytes:
        """All workers' metrics as of now, in Prometheus' text format, and our own."""
        async with httpx.AsyncClient(timeout=_COLLECT_TIMEOUT, trust_env=False) as client:
            await self._collect(client)
        metrics.WORKERS.labels("wanted").set(self.wanted)
        metrics.WORKERS.labels("ready").set(self.ready_workers)
        return self._tally.page() + generate_latest(metrics.REGISTRY)

    async def _keep_running(self, seat: Seat, stop: trio.Event) -> None:
        pauses = Pauses()
        while not stop.is_set():
            began = trio.current_time()
            status = await seat.run_worker(stop, self._plan.stop_seconds, self.ready)
            if stop.is_set() or (status == _WRONG_SETTINGS and not seat.was_ready):
                self.status = max(self.status, status)
                stop.set()
                return
            pause = pauses.after(trio.current_time() - began)
            metrics.DEATHS.labels(_how(status)).inc()
            log.error("worker_died", worker=seat.number, how=_how(status), again_in_seconds=pause)
            with trio.move_on_after(pause):
                await stop.wait()

    async def _collect_often(self, client: httpx.AsyncClient) -> None:
        while True:
            await trio.sleep(_COLLECT_SECONDS)
            await self._collect(client)

    async def _collect(self, client: httpx.AsyncClient) -> None:
        async with trio.open_nursery() as nursery:
            for seat in self._seats:
                nursery.start_soon(seat.collect, client)


def _how(status: int) -> str:
    """SIGKILL, or `exit 1`."""
    return signal.Signals(-status).name if status < 0 else f"exit {status}"
