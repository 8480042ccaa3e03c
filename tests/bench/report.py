"""The figures as a table, beside the bars and goals they are held to (DESIGN §6)."""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

type Row = dict[str, Any]

BUSY_SHARE: Final = 0.85
"""Of its core: above, the measuring side may be what was measured."""
OTHERS_SHARE: Final = 0.1
"""Of the engine's core, used by others: above, the machine was not quiet."""
LATE_MS: Final = 10.0
"""A measuring side whose ticks were later than this at p99 was not keeping up."""

CALLS_BAR: Final = 200
CALLS_GOAL: Final = 400

NOTES: Final = """\
overhead   the caller's last voiced frame sent to the answer's first frame of sound received, less the providers' own
           delays ({scripted:.0f} ms scripted, {emulated:.0f} ms emulated) and nothing else; network, jitter buffer,
           voice detection, endpointing, sentence cutting, verbalisation, playout and clock are all in it
late       outbound frames at the wire against the call's own 20 ms grid; "clock": the engine's account of its slots
gap        time between two frames of a call at the wire; missing: frames of the grid that never came
barge-in   the caller's first voiced frame over the bot to the bot's last frame of sound
damage     checksum errors of the subtitled voice, bot to caller + caller to recogniser
MB/call    growth of the engine from one call to all, per call; in brackets without the shared phrase cache
others     what else took time on the engine's core
core 1     the measuring side: callers, records database and, with emulated providers, the emulators. `!` marks a row
           whose measuring side was not keeping up, or whose engine had not its core to itself: an upper limit only
"""


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    cell: Callable[[Row], str]


def _spread(key: str, *shares: str, decimals: int = 0) -> Callable[[Row], str]:
    return lambda row: " / ".join(f"{row[key][share]:.{decimals}f}" for share in shares)


def _memory(row: Row) -> str:
    engine = row["engine"]
    if engine["mb_per_call"] is None:
        return ""
    return f"{engine['mb_per_call']:.2f} ({engine['mb_per_call_without_phrase_cache']:.2f})"


def _measuring_side(row: Row) -> str:
    fleet = row["fleet"]
    return f"{row['core1_share']:.0%}, {fleet['lateness_ms']['p99']:.0f} ms late{' !' if is_doubtful(row) else ''}"


def is_doubtful(row: Row) -> bool:
    """Whether the measuring side was the bottleneck, or somebody else used the engine's core."""
    crowded = row["core1_share"] > BUSY_SHARE or row["others_on_engine_core"] > OTHERS_SHARE
    return bool(crowded or row["fleet"]["lateness_ms"]["p99"] > LATE_MS)


COLUMNS: Final[Sequence[Column]] = (
    Column("providers", lambda row: str(row["providers"])),
    Column("calls", lambda row: str(row["calls"])),
    Column("failed", lambda row: str(row["failed_calls"])),
    Column("turns", lambda row: str(row["overhead_ms"]["count"])),
    Column("overhead p50/p95", _spread("overhead_ms", "p50", "p95")),
    Column("late p50/p99/max", _spread("lateness_ms", "p50", "p99", "max", decimals=1)),
    Column("clock p99", lambda row: f"{row['engine']['clock_late_p99_ms']:.1f}"),
    Column("gap p50/p99/max", _spread("gap_ms", "p50", "p99", "max", decimals=1)),
    Column("missing", lambda row: str(row["missing_frames"])),
    Column("barge-in p50/p95", _spread("stop_ms", "p50", "p95")),
    Column("damage", lambda row: f"{row['checksum_errors']}+{row['upstream_checksum_errors']}"),
    Column("CPU", lambda row: f"{row['engine']['cpu_share']:.0%}"),
    Column("MB/call", _memory),
    Column("others", lambda row: f"{max(0.0, row['others_on_engine_core']):.0%}"),
    Column("core 1", _measuring_side),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One line of DESIGN §6: a figure of one row, and what it should not exceed."""

    what: str
    unit: str
    figure: Callable[[Sequence[Row]], float | None]
    bar: float
    goal: float

    def verdict(self, rows: Sequence[Row]) -> str:
        value = self.figure(rows)
        if value is None:
            return f"{self.what}: not measured (bar {self.bar:g}, goal {self.goal:g} {self.unit})"
        bar, goal = value <= self.bar, value <= self.goal
        met = "goal met" if goal else "bar met, goal missed" if bar else "BAR MISSED"
        return f"{self.what}: {value:.3g} {self.unit} (bar {self.bar:g}, goal {self.goal:g}): {met}"


def _at(providers: str, calls: int, figure: Callable[[Row], float | None]) -> Callable[[Sequence[Row]], float | None]:
    def find(rows: Sequence[Row]) -> float | None:
        return next((figure(row) for row in rows if row["providers"] == providers and row["calls"] == calls), None)

    return find


def _p(key: str, share: str) -> Callable[[Row], float | None]:
    """A percentile; None where there was nothing to take it of."""
    return lambda row: float(row[key][share]) if row[key]["count"] else None


def holds(row: Row) -> bool:
    """Whether one core holds this many calls, by the rule of DESIGN §6."""
    in_time = row["gap_ms"]["p99"] <= 60 and row["overhead_ms"]["p95"] <= 250
    return bool(in_time and not row["failed_calls"] and row["overhead_ms"]["count"] and row["gap_ms"]["count"])


def calls_held(rows: Sequence[Row]) -> str:
    """Up to which of the levels measured one core holds its calls, in words."""
    levels = sorted((row for row in rows if row["providers"] == "scripted"), key=lambda row: int(row["calls"]))
    first_lost = next((index for index, row in enumerate(levels) if not holds(row)), len(levels))
    held = levels[first_lost - 1]["calls"] if first_lost else 0
    beyond = f"not {levels[first_lost]['calls']}" if first_lost < len(levels) else "more was not tried"
    met = "goal met" if held >= CALLS_GOAL else "bar met" if held >= CALLS_BAR else "bar not met"
    return f"calls one core holds, scripted: {held}; {beyond} (bar {CALLS_BAR}, goal {CALLS_GOAL}): {met}"


TARGETS: Final[Sequence[Target]] = (
    Target("overhead p95, 1 call, emulated", "ms", _at("emulated", 1, _p("overhead_ms", "p95")), 20, 8),
    Target("overhead p95, 100 calls, emulated", "ms", _at("emulated", 100, _p("overhead_ms", "p95")), 60, 25),
    Target("frame lateness p99, 100 calls", "ms", _at("scripted", 100, _p("lateness_ms", "p99")), 5, 3),
    Target("barge-in p95, 100 calls, scripted", "ms", _at("scripted", 100, _p("stop_ms", "p95")), 250, 120),
    Target("barge-in p95, 100 calls, emulated", "ms", _at("emulated", 100, _p("stop_ms", "p95")), 250, 120),
    Target("memory per call, 100 calls", "MB", _at("scripted", 100, lambda r: r["engine"]["mb_per_call"]), 1, 0.3),
)


def machine() -> str:
    """Where this was measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.processor())
    return (
        f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def table(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table, padded for people."""
    rows = [titles, *lines]
    widths = [max(len(row[index]) for row in rows) for index in range(len(titles))]
    padded = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([padded[0], rule, *padded[1:]])


def levels_table(rows: Sequence[Row]) -> str:
    return table([column.title for column in COLUMNS], [[column.cell(row) for column in COLUMNS] for row in rows])


def failures(rows: Sequence[Row]) -> list[str]:
    """Why calls failed, in words."""
    return [
        f"{row['providers']} {row['calls']}: {count} x {reason}"
        for row in rows
        for reason, count in row["failures"].items()
    ]
