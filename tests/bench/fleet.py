"""The callers of one measurement, in a process of their own.

    python -m tests.bench.fleet HOST PORT --calls 100 --seconds 25 [--subtitled]

Calls begin one after the other, so that their turns are spread. Each step is announced on stdout as one JSON line
(`alone`, `begin`, `end`, then the figures), so that whoever started it can ask the engine at the same moments.

One plain loop, no tasks: every 5 ms a quarter of the callers send their frame, then all sockets are emptied. Arrival
times are the kernel's, so that reading late costs no truth.
"""

import argparse
import json
import select
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

from engine.audio import FRAME_BYTES, FRAME_SECONDS
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import Corrupted, UtteranceHeard
from tests.bench.caller import ANSWER_SECONDS, BenchCaller, CallLog
from tests.bench.measure import Spread, answer_ms, line_figures, stop_ms
from tests.bench.speech import Speech, prepare

PHASES: Final = 4
ALONE_SECONDS: Final = 3.0
"""The first call is alone for this long: what the engine needs for one."""
CALLS_A_SECOND: Final = 20
SETTLE_SECONDS: Final = 12.0
"""From the last call's beginning until it is in the middle of its conversation."""
_GOODBYE_SECONDS: Final = 5.0
_SLOT_SECONDS: Final = FRAME_SECONDS / PHASES


@dataclass(frozen=True, slots=True)
class Plan:
    address: tuple[str, int]
    calls: int
    seconds: float
    subtitled: bool


class Fleet:
    """Callers in phases, driven by `run_until`."""

    def __init__(self, plan: Plan, speech: Speech, make: type[BenchCaller] = BenchCaller) -> None:
        self._plan = plan
        self._make = make
        self._speech = speech
        self._phases: list[list[BenchCaller]] = [[] for _ in range(PHASES)]
        self._epoll = select.epoll()
        self._by_fd: dict[int, BenchCaller] = {}
        self._started = time.monotonic()
        self._slot = 0
        self.callers: list[BenchCaller] = []
        self.lateness: list[float] = []
        """How late each slot began, seconds."""

    def add(self) -> None:
        """One more call."""
        number = len(self.callers) + 1
        caller = self._make(
            self._plan.address, UUID(int=number), self._speech, Random(number), keeps=self._plan.subtitled
        )
        self.callers.append(caller)
        self._phases[number % PHASES].append(caller)
        self._by_fd[caller.fileno()] = caller
        self._epoll.register(caller.fileno(), select.EPOLLIN)

    def run_until(self, deadline: float, done: Callable[[], bool] = lambda: False) -> None:
        """`deadline`: of `time.monotonic`."""
        while (now := time.monotonic()) < deadline and not done():
            due = self._started + self._slot * _SLOT_SECONDS
            if due > now:
                time.sleep(due - now)
            self.lateness.append(max(0.0, time.monotonic() - due))
            for caller in self._phases[self._slot % PHASES]:
                caller.tick()
            self._slot += 1
            self._read()

    def hang_up(self) -> None:
        """All at once; returns when the engine has let go of every call, or has not for too long."""
        for caller in self.callers:
            caller.hang_up()
        self._phases = [[] for _ in range(PHASES)]
        self.run_until(time.monotonic() + _GOODBYE_SECONDS, lambda: all(caller.is_over for caller in self.callers))
        for caller in self.callers:
            if not caller.is_over:
                caller.log.failures.append((time.time(), "the engine does not hang up"))
            caller.close()

    def _read(self) -> None:
        for fd, _ in self._epoll.poll(0, len(self.callers) or 1):
            caller = self._by_fd[fd]
            caller.read()
            if caller.is_over:
                self._epoll.unregister(fd)


def run(plan: Plan, announce: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Hold all calls; the figures."""
    fleet = Fleet(plan, prepare(subtitled=plan.subtitled))
    fleet.add()
    fleet.run_until(time.monotonic() + ALONE_SECONDS)
    announce({"step": "alone"})
    while len(fleet.callers) < plan.calls:
        fleet.add()
        fleet.run_until(time.monotonic() + 1 / CALLS_A_SECOND)
    fleet.run_until(time.monotonic() + SETTLE_SECONDS)
    announce({"step": "begin"})
    begin, late_from, cpu, ticks = time.time(), len(fleet.lateness), time.process_time(), time.monotonic()
    fleet.run_until(time.monotonic() + plan.seconds)
    announce({"step": "end"})
    end, late = time.time(), fleet.lateness[late_from:]
    cpu = (time.process_time() - cpu) / (time.monotonic() - ticks)
    fleet.run_until(time.monotonic() + ANSWER_SECONDS)  # the last questions may still be answered
    fleet.hang_up()
    return figures([caller.log for caller in fleet.callers], begin, end) | {
        "fleet": {"cpu_share": cpu, "lateness_ms": asdict(Spread.of([seconds * 1000 for seconds in late]))}
    }


def figures(logs: list[CallLog], begin: float, end: float) -> dict[str, Any]:
    """What the callers noted within the window; failures of the whole call."""
    line = line_figures(logs, begin, end)
    reasons = [failure for log in logs for _, failure in log.failures]
    return {
        "frames": line.frames,
        "missing_frames": line.missing,
        "gap_ms": asdict(line.gaps),
        "lateness_ms": asdict(line.lateness),
        "answer_ms": [ms for log in logs for ms in answer_ms(log, begin, end)],
        "stop_ms": [ms for log in logs for ms in stop_ms(log, begin, end)],
        "failed_calls": sum(bool(log.failures) for log in logs),
        "failures": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "coalesced_reads": sum(log.coalesced for log in logs),
        **words_heard(logs),
    }


def words_heard(logs: list[CallLog]) -> dict[str, int]:
    """What the subtitles say of the audio, if it was kept: sentences understood to their end, and damage."""
    complete = errors = 0
    for log in logs:
        decoder = SubtitleDecoder()
        audio = bytes(log.audio or b"")
        for start in range(0, len(audio), FRAME_BYTES):
            for event in decoder.push(audio[start : start + FRAME_BYTES]):
                complete += isinstance(event, UtteranceHeard) and event.complete
                errors += isinstance(event, Corrupted)
    return {"sentences_understood": complete, "checksum_errors": errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--subtitled", action="store_true")
    chosen = parser.parse_args()

    def announce(values: dict[str, Any]) -> None:
        print(json.dumps(values), flush=True)

    announce(run(Plan((chosen.host, chosen.port), chosen.calls, chosen.seconds, chosen.subtitled), announce))


if __name__ == "__main__":
    main()
