"""`callctl dial`: be the caller."""

from pathlib import Path
from typing import Annotated

import trio
import typer
from rich.console import Console

from cli.errors import clear_errors, fail
from ops.emulators.caller_recording import read_wav
from ops.emulators.caller_script import Heard, Interrupt, Play, Press, Say, Step
from ops.emulators.dialling import Call, dial_call


def dial(
    host: Annotated[str, typer.Option(help="The engine's AudioSocket address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 9092,
    http: Annotated[str, typer.Option(help="The engine's HTTP, to announce the call; '' announces nothing.")] = (
        "http://127.0.0.1:8080"
    ),
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "+380501234567",
    say: Annotated[list[str] | None, typer.Option(help="Say this, then wait for the answer. Repeatable.")] = None,
    dtmf: Annotated[str, typer.Option(help="Keys to press after the greeting.")] = "",
    interrupt_after: Annotated[
        float | None, typer.Option(help="Speak each further --say this many ms into the bot's answer.", min=0)
    ] = None,
    wav: Annotated[Path | None, typer.Option(help="Play this 16-bit WAV to the bot.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the call as stereo WAV.")] = None,
) -> None:
    """Call an engine as Asterisk would. With nothing to say, type: each line is spoken.

    Example: callctl dial --say "Добрий день" --say "Дякую, до побачення"
    """
    if any(key not in "0123456789*#ABCD" for key in dtmf):
        fail("--dtmf takes the keys 0-9 * # A-D")
    console = Console()
    steps: list[Step] = [Press(dtmf)] if dtmf else []
    if wav is not None:
        try:
            steps.append(Play(read_wav(wav), wav.name))
        except (OSError, EOFError, ValueError) as error:
            fail(f"--wav {wav}: {error}")
    for number, text in enumerate(say or []):
        late = interrupt_after is not None and number > 0
        steps.append(Interrupt(text, interrupt_after or 0) if late else Say(text))
    call = Call(host, port, http, caller, tuple(steps), record, interactive=not steps)
    with clear_errors():
        ended = trio.run(dial_call, call, lambda heard: _show(console, heard), lambda text: console.print(text))
    console.print(f"[dim]call over: {ended}[/dim]")


def _show(console: Console, heard: Heard) -> None:
    match heard.step:
        case Say(text) | Interrupt(text, _):
            console.print(f"[cyan]you[/cyan]  {text}")
        case Press(digits):
            console.print(f"[cyan]you[/cyan]  pressed {digits}")
        case Play(_, name):
            console.print(f"[cyan]you[/cyan]  played {name}")
    if heard.interruption is not None:
        stopped = heard.interruption.stopped_after * 1000
        console.print(f"[yellow]     the bot stopped {stopped:.0f} ms after your first word[/yellow]")
    if heard.answer is not None:
        console.print(f"[green]bot[/green]  {heard.answer.text} [dim]({heard.answer.latency * 1000:.0f} ms)[/dim]")
