"""Measure the engine at the wire: `python -m tests.bench.run`, or `nox -s bench`.

The engine runs alone on one core, unchanged, voice detection and records on. Callers, databases and emulators share the
other cores. Each level is a fresh engine. Prints tables and writes `bench-results/*.json`; wants a quiet machine.
"""

import argparse
import json
import os
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from engine.config import Config
from ops.embedded.world import embedded_world
from tests.bench import micro, report
from tests.bench.level import NOMINAL_MS, Providers, Row, Setting, measure
from tests.bench.processes import on_cores

LEVELS: Final[dict[Providers, tuple[int, ...]]] = {
    "emulated": (1, 10, 25, 50, 100),
    "scripted": (1, 50, 100, 200, 300, 400),
}
QUICK_LEVELS: Final[dict[Providers, tuple[int, ...]]] = {"emulated": (1,), "scripted": (10,)}
FOLDER: Final = Path("bench-results")
SECONDS: Final = 25.0
QUICK_SECONDS: Final = 8.0
FEW_CALLS: Final = 10
"""Below, a level is measured three times as long, or it would rest on three turns."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--providers", choices=LEVELS, help="only these")
    parser.add_argument("--levels", help="calls at once, e.g. 1,50,100")
    parser.add_argument("--seconds", type=float, help=f"the measured window of each level, {SECONDS:.0f} unless told")
    parser.add_argument("--quick", action="store_true", help="does it work at all: two small levels, a minute")
    parser.add_argument("--profile", action="store_true", help="with py-spy beside each level, into the folder")
    parser.add_argument("--micro", action="store_true", help="only what each step of a frame or sentence costs")
    chosen = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    print(report.machine())
    if chosen.micro:
        _report_micro()
    else:
        trio.run(_run_levels, chosen)


def _report_micro() -> None:
    found = list(micro.costs())
    print(report.table(["step", "us", "each"], [[cost.step, f"{cost.microseconds:.1f}", cost.each] for cost in found]))
    _write({"machine": report.machine(), "micro": [asdict(cost) for cost in found]})


def _levels(chosen: argparse.Namespace) -> list[tuple[Providers, int, float]]:
    seconds = chosen.seconds or (QUICK_SECONDS if chosen.quick else SECONDS)
    table = QUICK_LEVELS if chosen.quick else LEVELS
    levels: list[tuple[Providers, int, float]] = []
    for providers, usual in table.items():
        if chosen.providers in (None, providers):
            counts = [int(count) for count in chosen.levels.split(",")] if chosen.levels else usual
            levels += [(providers, calls, seconds * (3 if calls < FEW_CALLS else 1)) for calls in counts]
    return levels


async def _run_levels(chosen: argparse.Namespace) -> None:
    engine_core, *rest = sorted(os.sched_getaffinity(0))
    cores = tuple(rest or [engine_core])
    rows: list[Row] = []
    with on_cores(cores):
        async with embedded_world(Config.from_env()) as world:
            setting = Setting(
                (engine_core,), cores, world.overrides, world.addresses.get("control", ""), FOLDER,
                _profiler() if chosen.profile else "",
            )  # fmt: skip
            for providers, calls, seconds in _levels(chosen):
                print(f"{providers}, {calls} calls ...", flush=True)
                rows.append(await trio.to_thread.run_sync(partial(measure, setting, providers, calls, seconds)))
    _report(rows)


def _profiler() -> str:
    found = shutil.which("py-spy")
    if found is None:
        raise SystemExit("--profile needs py-spy: pip install py-spy")
    return found


def _report(rows: list[Row]) -> None:
    lines = [
        report.levels_table(rows),
        "",
        report.NOTES.format(**NOMINAL_MS),
        *[target.verdict(rows) for target in report.TARGETS],
        report.calls_held(rows),
        *[f"failed: {line}" for line in report.failures(rows)],
    ]
    print("\n".join(lines))
    _write({"machine": report.machine(), "levels": rows})


def _write(results: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    path = FOLDER / f"{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps({"at": now.isoformat(), **results}, indent=1) + "\n")
    print(f"\n{path}")


if __name__ == "__main__":
    main()
