"""How calls on record look in a terminal: one line each, or one call as it went."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.tables import print_table
from cli.transcript import Transcript
from engine.call.events import BotSaid, CallerSaid, CallEvent, ToolRan, TurnTimed
from engine.config import Config

_NOTHING: Final = "–"


def print_calls(calls: Sequence[Mapping[str, Any]], timezone: ZoneInfo) -> None:
    table = Table("call", "started", "length", "caller", "outcome", "scenario", "quality", "cost", box=None)
    for call in calls:
        table.add_row(
            str(call["id"]), f"{_time(call['started_at'], timezone):%Y-%m-%d %H:%M}",
            _NOTHING if call["seconds"] is None else f"{call['seconds']:.0f} s", call["caller"] or "withheld",
            call["outcome"] or "open", call["scenario"] or _NOTHING, _decimal(call["quality_score"], 2),
            _decimal(call["cost_total"], 4),
        )  # fmt: skip
    print_table(table)


def print_call(call: Mapping[str, Any], config: Config) -> None:
    """Facts, transcript with times and tools, cost by part."""
    console = Console(highlight=False)
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _facts(call, config.call.timezone):
        facts.add_row(name, escape(value))
    console.print(facts)
    console.print()
    transcript = Transcript(console)
    for event in _events(call):
        transcript.show(event)
    console.print()
    console.print(_costs(call, config.cost.currency))


def _facts(call: Mapping[str, Any], timezone: ZoneInfo) -> Iterable[tuple[str, str]]:
    started = _time(call["started_at"], timezone)
    length = ""
    if call["ended_at"] is not None:
        length = f", {(_time(call['ended_at'], timezone) - started).total_seconds():.0f} s"
    yield "call", str(call["id"])
    yield "started", f"{started:%Y-%m-%d %H:%M:%S}{length}"
    yield "caller", f"{call['caller'] or 'withheld'} → {call['called'] or _NOTHING}"
    yield "outcome", call["outcome"] or "open"
    if call["transfer_reason"]:
        yield "transferred", f"{call['transfer_reason']}: {call['transfer_summary'] or _NOTHING}"
    for tried in (event["data"] for event in call["events"] if event["kind"] == "transfer" and event["data"]):
        how = ", ".join(filter(None, (tried["outcome"], tried["detail"], f"{tried['ms']:.0f} ms")))
        yield "asked for an operator", f"{tried['reason']}: {how}"
    yield "scenario", f"{call['scenario'] or _NOTHING}, {call['language'] or _NOTHING}"
    yield "instructions", call["prompt_version"] or _NOTHING
    if call["evaluated_at"] is not None:
        judged = call["quality"] or {}
        yield "quality", f"{_decimal(call['quality_score'], 2)} {judged.get('note') or judged.get('error') or ''}"


def _events(call: Mapping[str, Any]) -> list[CallEvent]:
    """What was said and done, in order, as the events it came from. Times are those of the record."""
    call_id, started = UUID(str(call["id"])), _time(call["started_at"])
    told: list[tuple[float, CallEvent]] = []
    for turn in call["turns"]:
        at = (_time(turn["at"]) - started).total_seconds()
        if turn["speaker"] == "caller":
            told.append((at, CallerSaid(call_id, turn["n"], at, turn["text"])))
            continue
        told.append((at, BotSaid(call_id, turn["n"], at, turn["text"], interrupted=turn["interrupted"], heard_ms=0)))
        if turn["latencies"]:
            told.append((at, TurnTimed(call_id, turn["n"], at, turn["latencies"])))
    for tool in call["tool_calls"]:
        at = (_time(tool["at"]) - started).total_seconds()
        told.append((at, ToolRan(call_id, tool["n"], at, tool["tool"], tool["ok"], tool["arguments"], tool["result"],
                                 tool["duration_ms"])))  # fmt: skip
    return [event for _, event in sorted(told, key=lambda pair: pair[0])]


def _costs(call: Mapping[str, Any], currency: str) -> Table:
    table = Table("part", "quantity", "unit", "price", f"cost, {currency}", box=None)
    for part, line in (call["cost"] or {}).items():
        price = "no price" if line["price"] is None else f"{line['price']:g} for {line['per']:,}"
        table.add_row(part, f"{line['quantity']:g}", line["unit"], price, f"{line['cost']:.6f}")
    table.add_row("total", "", "", "", _decimal(call["cost_total"], 6))
    judged = sum(request["cost"] for request in call["model_requests"] if request["purpose"] == "quality")
    if judged:
        table.add_row("quality evaluation", "", "", "", f"{judged:.6f}")
    return table


def _time(value: Any, timezone: ZoneInfo | None = None) -> datetime:
    """Of the record, or as text once it was masked."""
    return datetime.fromisoformat(str(value)).astimezone(timezone)


def _decimal(value: float | None, digits: int) -> str:
    return _NOTHING if value is None else f"{value:.{digits}f}"
