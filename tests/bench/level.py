"""One measurement: a fresh engine on its core, N calls from another, and what came of it as one row."""

import json
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any, Final, Literal

import httpx
import psutil

from ops.embedded.world import Overrides
from tests.bench.measure import Spread
from tests.bench.processes import Child
from tests.bench.scripted import PROVIDERS_MS

type Providers = Literal["scripted", "emulated"]
type Row = dict[str, Any]

EMULATED: Final[Mapping[str, Mapping[str, Any]]] = {
    "speech": {"final_delay_ms": 300},
    "anthropic": {"first_token_ms": 300, "tokens_per_second": 0},
    "tts": {"first_audio_ms": 100},
}
"""Settings of the emulators. The reply's text comes all at once, so an answer cannot begin before the sum of these."""
NOMINAL_MS: Final[Mapping[str, float]] = {"scripted": PROVIDERS_MS, "emulated": 300 + 300 + 100}
PHRASE_CACHE_BYTES: Final = 32 * 2**20
"""What the engine keeps of spoken sentences at most, for all calls together."""

_REPLY: Final = "Так, у нас є {} зимових шин. Найдешевші з них по дві тисячі гривень за штуку. Бажаєте замовити чотири?"
_REPLIES_A_CALL: Final = 60
_LIMITS: Final[Overrides] = {
    "audiosocket": {"port": 0, "max_connections": 2000, "max_connections_per_address": 2000},
    "http": {"port": 0, "metrics_port": 0},
    "call": {"max_calls": 2000},
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all levels share."""

    engine_cores: tuple[int, ...]
    fleet_cores: tuple[int, ...]
    overrides: Overrides
    control: str
    """URL of the emulators' control; empty when there are none."""
    folder: Path
    """For logs and profiles."""
    profiler: str = ""
    """Path of py-spy; empty: no profile."""


def measure(setting: Setting, providers: Providers, calls: int, seconds: float) -> Row:
    """Blocks for some `seconds` + 30 and a second for each 20 calls."""
    name = f"{providers}-{calls}"
    log = setting.folder / f"{name}.log"
    log.unlink(missing_ok=True)
    if providers == "emulated":
        _set_emulators(setting.control, calls)
    config = json.loads(json.dumps(setting.overrides | _LIMITS, default=str))
    engine = Child("tests.bench.engine", providers, cores=setting.engine_cores, log=log, config=config)
    with closing(engine):
        host, port = engine.next_line()["audiosocket"]
        command = ["tests.bench.fleet", host, str(port), "--calls", str(calls), "--seconds", str(seconds)]
        fleet = Child(*command, *_FLEET_OPTIONS[providers], cores=setting.fleet_cores)
        with closing(fleet):
            asked, busy = {}, {}
            for step in ("alone", "begin", "end"):
                fleet.next_line()
                asked[step], busy[step] = engine.ask(), _busy_seconds()
                if step == "begin" and setting.profiler:
                    _profile(setting, engine.pid, name, seconds)
            heard = fleet.next_line()
    figures = engine_figures(asked["alone"], asked["begin"], asked["end"], calls)
    wall = asked["end"]["at"] - asked["begin"]["at"]
    shares = [(after - before) / wall for before, after in zip(busy["begin"], busy["end"], strict=True)]
    return {
        "providers": providers,
        "calls": calls,
        "seconds": seconds,
        "nominal_ms": NOMINAL_MS[providers],
        "overhead_ms": asdict(Spread.of([ms - NOMINAL_MS[providers] for ms in heard.pop("answer_ms")])),
        "stop_ms": asdict(Spread.of(heard.pop("stop_ms"))),
        **heard,
        "engine": figures,
        "others_on_engine_core": sum(shares[core] for core in setting.engine_cores) - figures["cpu_share"],
        "core1_share": sum(shares[core] for core in setting.fleet_cores) / len(setting.fleet_cores),
        "upstream_checksum_errors": _upstream_errors(setting.control) if providers == "emulated" else 0,
        "logged_errors": log.read_text().count('"level":"error"'),
    }


_FLEET_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {"scripted": (), "emulated": ("--subtitled",)}


def engine_figures(alone: Row, begin: Row, end: Row, calls: int) -> Row:
    """Of the window between `begin` and `end`; memory against `alone`, when there was one call."""
    cpu = (end["cpu_seconds"] - begin["cpu_seconds"]) / (end["at"] - begin["at"])
    grown = end["rss_bytes"] - alone["rss_bytes"]
    phrases = min(PHRASE_CACHE_BYTES, end["synthesised_bytes"] - alone["synthesised_bytes"])
    buckets = {
        inf if edge == "+Inf" else float(edge): count - begin["clock_lateness"][edge]
        for edge, count in end["clock_lateness"].items()
    }
    return {
        "cpu_share": cpu,
        "rss_mb": end["rss_bytes"] / 2**20,
        "mb_per_call": grown / 2**20 / (calls - 1) if calls > 1 else None,
        "mb_per_call_without_phrase_cache": (grown - phrases) / 2**20 / (calls - 1) if calls > 1 else None,
        "clock_late_p50_ms": bucket_percentile(buckets, 0.50) * 1000,
        "clock_late_p99_ms": bucket_percentile(buckets, 0.99) * 1000,
        "loop_lag_max_ms": end["loop_lag_max"] * 1000,
        "frames_dropped": end["frames_dropped"] - begin["frames_dropped"],
        "open_files": end["open_files"],
        "tasks": end["tasks"],
        "collections": [after - before for before, after in zip(begin["collections"], end["collections"], strict=True)],
    }


def bucket_percentile(cumulative: Mapping[float, float], share: float) -> float:
    """Of a histogram by upper edge, interpolated within the bucket; the last finite edge if it lies above that."""
    below_edge = below = 0.0
    wanted = share * max(cumulative.values(), default=0.0)
    for edge, count in sorted(cumulative.items()):
        if count >= wanted and count > below:
            return below_edge if edge == inf else below_edge + (edge - below_edge) * (wanted - below) / (count - below)
        below_edge, below = edge, count
    return 0.0


def _busy_seconds() -> list[float]:
    """Of each core since the machine started, whoever used it."""
    return [sum(times) - times.idle - times.iowait for times in psutil.cpu_times(percpu=True)]


def _set_emulators(control: str, calls: int) -> None:
    script = [_REPLY.format(number) for number in range(1, calls * _REPLIES_A_CALL)]
    for name, settings in EMULATED.items():
        httpx.delete(f"{control}/control/{name}").raise_for_status()
        more = {"script": script} if name == "anthropic" else {}
        httpx.put(f"{control}/control/{name}", json={**settings, **more}).raise_for_status()


def _upstream_errors(control: str) -> int:
    """Damage on the way from the callers to the recogniser."""
    counters = httpx.get(f"{control}/control/speech").raise_for_status().json()["counters"]
    return int(counters["checksum_errors"])


def _profile(setting: Setting, pid: int, name: str, seconds: float) -> None:
    """Where the engine's time goes, as py-spy's raw stacks, beside the measurement (which it disturbs)."""
    output = setting.folder / f"{name}.stacks"
    command = [
        setting.profiler,
        "record",
        "-p",
        str(pid),
        "-d",
        str(int(seconds) - 1),
        "-r",
        "100",
        "-f",
        "raw",
        "--nonblocking",
    ]
    subprocess.Popen([*command, "-o", output], stdout=subprocess.DEVNULL)
