"""A call on record as it went: what was said and done, in order. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from engine.web.console.waterfall import Waterfall, waterfall

_DRAWN: Final = "waterfall"
"""An event that is no line of its own: it stands under its answer."""


@dataclass(frozen=True, slots=True)
class Line:
    """`id`: of its element, the same as long as the call grows. `at`: seconds since the call began. `waterfall`: of an
    answer that was timed. `data`: of a tool (`arguments`, `result`) or an event."""

    id: str
    kind: Literal["caller", "bot", "tool", "event"]
    at: float
    text: str
    interrupted: bool = False
    ok: bool = True
    milliseconds: float | None = None
    waterfall: Waterfall | None = None
    data: Mapping[str, Any] | None = None


def transcript(call: Mapping[str, Any]) -> Sequence[Line]:
    """`call`: as `records.calls.load` has it, plain."""
    began = datetime.fromisoformat(call["started_at"])
    return sorted(_lines(call, began), key=lambda line: line.at)


def _lines(call: Mapping[str, Any], began: datetime) -> Iterator[Line]:
    def at(row: Mapping[str, Any]) -> float:
        return (datetime.fromisoformat(row["at"]) - began).total_seconds()

    for turn in call["turns"]:
        timed = waterfall(turn["n"], turn["latencies"] or {}) if turn["speaker"] == "bot" else None
        yield Line(
            f"turn-{turn['n']}", turn["speaker"], at(turn), turn["text"], interrupted=turn["interrupted"],
            waterfall=timed,
        )  # fmt: skip
    for n, tool in enumerate(call["tool_calls"]):
        yield Line(
            f"tool-{n}", "tool", at(tool), tool["tool"], ok=tool["ok"], milliseconds=tool["duration_ms"],
            data={"arguments": tool["arguments"], "result": tool["result"]},
        )  # fmt: skip
    for n, event in enumerate(call["events"]):
        if event["kind"] != _DRAWN:
            yield Line(f"event-{n}", "event", at(event), event["kind"], data=event["data"])
