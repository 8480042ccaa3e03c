"""How a call's events look in a terminal."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from engine.call.events import BotSaid, CallEnded, CallerSaid, CallEvent, Interrupted, PartFailed, ToolRan, TurnTimed

_BAR_MS = 40
"""Milliseconds to one character of a waterfall."""
_COLOURS: Mapping[str, str] = {
    "final": "blue", "end_of_turn": "cyan", "model_requested": "cyan", "first_token": "magenta",
    "first_sentence": "yellow", "first_audio": "green",
}  # fmt: skip
_NAMES: Mapping[str, str] = {
    "final": "final", "end_of_turn": "end of turn", "first_token": "first token", "first_sentence": "first sentence",
    "first_audio": "first audio",
}  # fmt: skip


class Transcript:
    """Prints what is said and how long each step of an answer took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._show: Mapping[type, Callable[[Any], None]] = {
            CallerSaid: self._caller,
            BotSaid: self._bot,
            ToolRan: self._tool,
            TurnTimed: self._timed,
            Interrupted: self._interrupted,
            PartFailed: self._failed,
            CallEnded: self._ended,
        }

    def show(self, event: CallEvent) -> None:
        if (show := self._show.get(type(event))) is not None:
            show(event)

    def _line(self, at: float | None, who: str, text: str, style: str) -> None:
        time = "" if at is None else f"{at:6.1f} s"
        self._console.print(Text.assemble((f"{time:>8}  ", "dim"), (f"{who:<7} ", style), text))

    def _caller(self, event: CallerSaid) -> None:
        self._line(event.at, "caller", event.text + (" (goes on)" if event.amended else ""), "bold cyan")

    def _bot(self, event: BotSaid) -> None:
        self._line(event.at, "bot", event.text + (" …" if event.interrupted else ""), "bold green")

    def _tool(self, event: ToolRan) -> None:
        arguments = ", ".join(f"{name}={value}" for name, value in event.arguments.items())
        self._line(
            None, "tool", f"{event.name}({arguments}) {'✓' if event.ok else '✗'} {event.duration_ms:.0f} ms", "dim"
        )

    def _timed(self, event: TurnTimed) -> None:
        bar, words, before = Text(" " * 18), [], 0.0
        for stage, milliseconds in event.stages.items():
            width = round(milliseconds / _BAR_MS) - round(before / _BAR_MS)
            bar.append("▇" * max(0, width), style=_COLOURS[stage])
            before = max(before, milliseconds)
            if stage in _NAMES:
                words.append(f"{_NAMES[stage]} {milliseconds:.0f}")
        self._console.print(bar)
        self._console.print(Text(" " * 18 + " · ".join(words) + " ms", style="dim"))

    def _interrupted(self, event: Interrupted) -> None:
        what = "interrupted the bot" if event.kind == "barge_in" else "made a sound; the bot went on"
        self._line(event.at, "", f"caller {what} (silent after {event.stop_ms:.0f} ms)", "yellow")

    def _failed(self, event: PartFailed) -> None:
        self._line(event.at, "", f"{event.part} failed: {event.error}", "bold red")

    def _ended(self, event: CallEnded) -> None:
        self._line(
            event.at, "", f"call ended: {event.outcome}" + (f" ({event.reason})" if event.reason else ""), "bold"
        )
