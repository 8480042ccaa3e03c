"""How `callctl dial` looks: what you said, what the bot answered, read back from its audio."""

import re
import sys

import trio
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import fail
from ops.emulators.caller_script import Heard, Interrupt, Play, Press, Say
from ops.emulators.dialling import Call, dial_call

_ENDINGS = {"hung_up": "you hung up", "terminated": "the bot hung up"}
"""How a call should end; every other ending is a fault of the line."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?=[^\W\d])")
"""Between two sentences the voice carries a pause, not a space."""


def hold(call: Call) -> None:
    """Hold the call and show it. A call that broke off exits with 1."""
    shown = _Shown(Console(highlight=False), typing=call.interactive and sys.stdin.isatty())
    ended = trio.run(dial_call, call, shown.heard, shown.note)
    if shown.typing:
        typer.echo()
    if ended not in _ENDINGS:
        fail(f"the call broke off: {ended}", 1)
    shown.note(f"call over: {_ENDINGS[ended]}")


class _Shown:
    """`typing`: somebody sits at the keyboard and sees what he typed already."""

    def __init__(self, console: Console, *, typing: bool) -> None:
        self._console = console
        self.typing = typing

    def note(self, text: str) -> None:
        self._console.print(Text(text, "dim"))

    def heard(self, heard: Heard) -> None:
        if said := _said(heard):
            self._line("" if self.typing else "you", "" if self.typing else said, "bold cyan")
        if heard.interruption is not None:
            stopped = f"the bot stopped {heard.interruption.stopped_after * 1000:.0f} ms after your first word"
            self._line("", Text(stopped, "yellow"), "yellow")
        if heard.answer is not None:
            latency = (f"  {heard.answer.latency * 1000:.0f} ms", "dim")
            said = _SENTENCE_END.sub(" ", heard.answer.text)
            self._line("bot", Text.assemble(said, latency), "bold green")
        if self.typing:
            if heard.step is None:
                self.note("     Type what to say and press Enter. Ctrl-D hangs up.")
            typer.echo("you  ", nl=False)

    def _line(self, who: str, what: str | Text, style: str) -> None:
        if not what:
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=3, style=style)
        grid.add_column()
        grid.add_row(who, what if isinstance(what, Text) else Text(what))
        self._console.print(grid)


def _said(heard: Heard) -> str:
    match heard.step:
        case Say(text) | Interrupt(text, _):
            return text
        case Press(digits):
            return f"pressed {digits}"
        case Play(_, name):
            return f"played {name}"
        case None:
            return ""
