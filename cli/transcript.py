"""How a call's events look in a terminal: when, who, what was said; under each answer how long its steps took."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.call.events import BotSaid, CallEnded, CallerSaid, CallEvent, Interrupted, PartFailed, ToolRan, TurnTimed

_BAR_MS: Final = 40
"""Milliseconds to one character of a waterfall."""
_STAGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "final": ("░", "blue", "final"),
    "end_of_turn": ("▒", "cyan", "turn over"),
    "first_token": ("▓", "magenta", "first token"),
    "first_sentence": ("█", "yellow", "sentence"),
    "first_audio": ("▂", "green", "audio"),
}
"""What an answer waited for, in order: its mark, colour and name. Without colours the marks still tell them apart."""
LEGEND: Final = tuple((mark, name) for mark, _, name in _STAGES.values())


class Transcript:
    """Prints what is said and how long each step of an answer took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._interruption: Interrupted | None = None
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

    def _line(self, at: float | None, who: str, what: str | Text, style: str) -> None:
        time = "" if at is None else f"{at:.1f} s"
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=7, justify="right", style="dim")
        grid.add_column(width=6, style=style)
        grid.add_column()
        grid.add_row(time, who, what if isinstance(what, Text) else Text(what))
        self._console.print(grid)

    def _caller(self, event: CallerSaid) -> None:
        self._line(event.at, "caller", event.text + (" (goes on)" if event.amended else ""), "bold cyan")

    def _bot(self, event: BotSaid) -> None:
        self._line(event.at, "bot", event.text + (" …" if event.interrupted else ""), "bold green")
        self._tell_interruption()

    def _tool(self, event: ToolRan) -> None:
        arguments = ", ".join(f"{name}={value}" for name, value in event.arguments.items())
        outcome = "✓" if event.ok else "✗"
        self._line(None, "tool", Text(f"{event.name}({arguments}) {outcome} {event.duration_ms:.0f} ms", "dim"), "dim")

    def _timed(self, event: TurnTimed) -> None:
        bar, legend, before = Text(), list[Text](), 0.0
        for stage, (mark, colour, name) in _STAGES.items():
            if (reached := event.stages.get(stage, before)) > before:
                bar.append(mark * (round(reached / _BAR_MS) - round(before / _BAR_MS)), style=colour)
                legend.append(Text.assemble((f"{mark} ", colour), (f"{name} {reached:.0f}", "dim")))
                before = reached
        self._line(None, "", bar, "dim")
        self._line(None, "", Text("  ").join(legend).append(" ms", style="dim"), "dim")

    def _interrupted(self, event: Interrupted) -> None:
        """An interruption is known before what was heard of the sentence is: it is told after it."""
        if event.kind == "barge_in":
            self._interruption = event
        else:
            self._line(event.at, "", Text("the caller made a sound; the bot went on", "yellow"), "yellow")

    def _tell_interruption(self) -> None:
        if (event := self._interruption) is not None:
            self._interruption = None
            told = f"the caller spoke over the bot; it was silent after {event.stop_ms:.0f} ms"
            self._line(event.at, "", Text(told, "yellow"), "yellow")

    def _failed(self, event: PartFailed) -> None:
        self._line(event.at, "", Text(f"{event.part} failed: {event.error}", "bold red"), "bold red")

    def _ended(self, event: CallEnded) -> None:
        reason = f" ({event.reason})" if event.reason else ""
        self._line(event.at, "", Text(f"call ended: {event.outcome}{reason}", "bold"), "bold")
