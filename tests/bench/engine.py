"""The engine under measurement, in a process of its own, as `callctl serve` runs it.

    CALLCTL_BENCH_CONFIG='{section: {field: value}}' python -m tests.bench.engine scripted|emulated

The first line of stdout says where the engine listens. Then each line of stdin is answered with one line of counts
since the start, so that the asker can take differences over any window. The end of stdin ends the process. Whoever
starts it chooses its core.
"""

import gc
import json
import os
import sys
import time
from functools import partial
from typing import Any, Final

import psutil
import trio

from engine import log
from engine.config import Config
from engine.metrics import CLOCK_LATENESS, FRAMES_DROPPED, LOOP_LAG
from engine.server import OpenVendors, open_vendors, serve
from tests.bench.scripted import ScriptedSynthesizer, scripted_vendors

SCRIPTED_VOICE: Final = ScriptedSynthesizer()
VENDORS: Final[dict[str, OpenVendors]] = {
    "scripted": partial(scripted_vendors, synthesizer=SCRIPTED_VOICE),
    "emulated": open_vendors,
}
_LAG_EVERY: Final = 0.5
"""Seconds; the gauge holds the worst of the last one."""


class Lag:
    """The worst event loop lag since it was last asked for."""

    def __init__(self) -> None:
        self._worst = 0.0

    async def watch(self) -> None:
        while True:
            await trio.sleep(_LAG_EVERY)
            self._worst = max(self._worst, _value(LOOP_LAG))

    def take(self) -> float:
        worst, self._worst = self._worst, 0.0
        return worst


def _value(metric: Any) -> float:
    return float(next(iter(metric.collect())).samples[0].value)


def _lateness_buckets() -> dict[str, float]:
    """Upper edge in seconds -> slots run no later than that."""
    samples = next(iter(CLOCK_LATENESS.collect())).samples
    return {sample.labels["le"]: sample.value for sample in samples if sample.name.endswith("_bucket")}


def statistics(lag: Lag) -> dict[str, Any]:
    """Counts since the start and sizes now."""
    process = psutil.Process()
    return {
        "at": time.monotonic(),
        "cpu_seconds": time.process_time(),
        "rss_bytes": process.memory_info().rss,
        "synthesised_bytes": SCRIPTED_VOICE.completed_bytes,
        "open_files": process.num_fds(),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
        "collections": [generation["collections"] for generation in gc.get_stats()],
        "clock_lateness": _lateness_buckets(),
        "loop_lag_max": lag.take(),
        "frames_dropped": _value(FRAMES_DROPPED),
    }


def _say(values: dict[str, Any]) -> None:
    print(json.dumps(values), flush=True)


async def run(providers: str, overrides: dict[str, dict[str, Any]]) -> None:
    """Serve and answer until stdin ends."""
    lag = Lag()
    async with trio.open_nursery() as nursery:
        serving = partial(serve, stop=trio.Event(), vendors=VENDORS[providers])
        listening = await nursery.start(serving, Config.from_env(overrides))
        nursery.start_soon(lag.watch)
        _say({"audiosocket": listening.audiosocket, "pid": os.getpid()})
        async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as questions:
            async for _ in questions:
                _say(statistics(lag))
        nursery.cancel_scope.cancel()


def main() -> None:
    overrides = json.loads(os.environ["CALLCTL_BENCH_CONFIG"])
    log.configure("INFO")
    trio.run(run, sys.argv[1], overrides)


if __name__ == "__main__":
    main()
