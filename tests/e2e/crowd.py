"""Callers who are all on the line at once, each of whom asks one thing; in a process of their own.

    python -m tests.e2e.crowd HOST PORT CALLS

They come one after the other, so that their turns are spread, and stay until the last has been answered. What they
heard is understood afterwards: a hundred who listen for words would need the core that the engine needs. Prints one
JSON line.
"""

import json
import sys
import time
from typing import Any, Final

from engine.audio import FRAME_BYTES
from ops.emulators.subtitle_decoder import SubtitleDecoder
from ops.emulators.subtitle_events import Corrupted, UtteranceHeard
from tests.bench.caller import BenchCaller, CallLog, Life
from tests.bench.fleet import Fleet, Plan
from tests.bench.speech import prepare

CALLS_A_SECOND: Final = 4
PATIENCE: Final = 60.0
"""From the last call's beginning until everybody has been answered."""
ANSWER_SECONDS: Final = 12.0
"""After the last answer has begun."""


class Asker(BenchCaller):
    """Hears the greeting out, asks, and stays on the line."""

    is_answered = False

    def _live(self) -> Life:
        yield from self._await_voice(self._sent_at, "no greeting")
        yield from self._hear_out()
        yield from self._ask(self._speech.questions)
        self.is_answered = True
        while True:
            yield


def everybody_answered(fleet: Fleet) -> bool:
    return all(isinstance(caller, Asker) and (caller.is_answered or caller.is_over) for caller in fleet.callers)


def hold(plan: Plan) -> dict[str, Any]:
    fleet = Fleet(plan, prepare(subtitled=True), Asker)
    for _ in range(plan.calls):
        fleet.add()
        fleet.run_until(time.monotonic() + 1 / CALLS_A_SECOND)
    fleet.run_until(time.monotonic() + PATIENCE, lambda: everybody_answered(fleet))
    fleet.run_until(time.monotonic() + ANSWER_SECONDS)
    cut_off = [reason for caller in fleet.callers for _, reason in caller.log.failures]
    fleet.hang_up()
    return {"failures": cut_off, "calls": [understood(call.log) for call in fleet.callers]}


def understood(log: CallLog) -> dict[str, Any]:
    """What was said to one caller, and where it was damaged."""
    decoder, audio = SubtitleDecoder(), bytes(log.audio or b"")
    sentences: list[str] = []
    damage: list[str] = []
    for start in range(0, len(audio), FRAME_BYTES):
        for event in decoder.push(audio[start : start + FRAME_BYTES]):
            if isinstance(event, Corrupted):
                damage.append(f"frame {start // FRAME_BYTES}: {event.reason}, after {sentences[-1:]}")
            elif isinstance(event, UtteranceHeard):
                sentences.append(event.text)
    return {"heard": " ".join(sentences), "damage": damage}


def main() -> None:
    host, port, count = sys.argv[1:]
    print(json.dumps(hold(Plan((host, int(port)), int(count), seconds=0, subtitled=True))))


if __name__ == "__main__":
    main()
