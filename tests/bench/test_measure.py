"""The ruler itself: lines and conversations with known faults."""

from math import inf

import numpy as np
import pytest

from tests.bench.caller import CallLog
from tests.bench.level import bucket_percentile
from tests.bench.measure import answer_ms, line_figures, stop_ms
from tests.bench.report import TARGETS, Target, calls_held


def log_of(arrivals: list[float], voiced: list[bool] | None = None) -> CallLog:
    log = CallLog()
    log.arrivals.extend(arrivals)
    log.voiced.extend(voiced or [False] * len(arrivals))
    return log


def grid(frames: int, start: float = 100.0) -> list[float]:
    return [start + 0.02 * n for n in range(frames)]


def test_a_perfect_line() -> None:
    figures = line_figures([log_of(grid(500))], 0, 1000)
    assert (figures.frames, figures.missing) == (500, 0)
    assert figures.gaps.max == pytest.approx(20)
    assert figures.lateness.max == pytest.approx(0, abs=1e-6)


def test_a_late_frame_is_late_and_not_missing() -> None:
    arrivals = grid(500)
    arrivals[300] += 0.013
    figures = line_figures([log_of(arrivals)], 0, 1000)
    assert figures.lateness.max == pytest.approx(13)
    assert figures.gaps.max == pytest.approx(33)
    assert figures.missing == 0


def test_a_burst_after_a_stall_is_late_and_complete() -> None:
    arrivals = grid(500)
    arrivals[300:305] = [arrivals[305]] * 5
    figures = line_figures([log_of(arrivals)], 0, 1000)
    assert figures.missing == 0
    assert figures.lateness.max == pytest.approx(100)


def test_frames_that_never_came_are_counted() -> None:
    arrivals = grid(500)
    del arrivals[300:303]
    assert line_figures([log_of(arrivals)], 0, 1000).missing == 3


def test_an_early_first_frame_of_an_answer_moves_the_grid_and_nothing_is_late() -> None:
    arrivals = grid(300) + grid(300, start=100 + 300 * 0.02 - 0.012)
    figures = line_figures([log_of(arrivals)], 0, 1000)
    assert figures.missing == 0
    assert figures.lateness.max == pytest.approx(0, abs=1e-6)


def test_the_answer_is_counted_from_the_last_voiced_frame_to_the_first() -> None:
    arrivals = grid(200)
    log = log_of(arrivals, [n >= 100 for n in range(200)])
    log.turns = [arrivals[60] + 0.001]
    assert answer_ms(log, 0, 1000) == pytest.approx([799])
    assert answer_ms(log, 102, 1000) == []


def test_a_question_answered_before_its_end_measures_nothing() -> None:
    arrivals = grid(200)
    log = log_of(arrivals, [n >= 100 for n in range(200)])
    log.turns = [arrivals[110] + 0.001]
    assert answer_ms(log, 0, 1000) == []


def test_the_bot_stops_with_its_last_sound_before_a_silence() -> None:
    arrivals = grid(200)
    log = log_of(arrivals, [n <= 57 or n >= 120 for n in range(200)])
    log.interruptions = [arrivals[50] + 0.005]
    assert stop_ms(log, 0, 1000) == pytest.approx([135])


def test_nothing_is_interrupted_while_the_bot_is_silent() -> None:
    arrivals = grid(200)
    log = log_of(arrivals, [n >= 120 for n in range(200)])
    log.interruptions = [arrivals[50]]
    assert stop_ms(log, 0, 1000) == []


def test_percentiles_of_buckets() -> None:
    buckets = {0.001: 50.0, 0.002: 90.0, 0.005: 99.0, inf: 100.0}
    assert bucket_percentile(buckets, 0.5) == pytest.approx(0.001)
    assert bucket_percentile(buckets, 0.7) == pytest.approx(0.0015)
    assert bucket_percentile(buckets, 0.999) == 0.005
    assert np.isclose(bucket_percentile({}, 0.5), 0.0)


def test_nothing_measured_meets_no_target() -> None:
    empty = {"count": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    row = {
        "providers": "scripted", "calls": 100, "failed_calls": 0, "overhead_ms": empty, "stop_ms": empty,
        "lateness_ms": empty, "gap_ms": empty, "engine": {"mb_per_call": None},
    }  # fmt: skip
    assert all("not measured" in target.verdict([row]) for target in TARGETS)
    assert "scripted: 0;" in calls_held([row])


def test_a_figure_between_goal_and_bar_says_so() -> None:
    target = Target("overhead", "ms", lambda rows: 15.0, bar=20, goal=8)
    assert target.verdict([]).endswith("bar met, goal missed")
