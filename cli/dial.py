"""`callctl dial`: be the caller."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors, fail

if TYPE_CHECKING:
    from ops.emulators.caller_script import Play


def dial(
    host: Annotated[str | None, typer.Option(help="The engine's AudioSocket address; AUDIOSOCKET_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The engine's AudioSocket port; AUDIOSOCKET_PORT.", min=1, max=65535)
    ] = None,
    http: Annotated[
        str | None, typer.Option(help="The engine's HTTP, to announce the call; '' announces nothing. HTTP_PORT.")
    ] = None,
    caller: Annotated[str, typer.Option("--from", help="The caller's number.")] = "+380501234567",
    say: Annotated[list[str] | None, typer.Option(help="Say this, then wait for the answer. Repeatable.")] = None,
    dtmf: Annotated[str, typer.Option(help="Keys to press after the greeting.")] = "",
    interrupt_after: Annotated[
        float | None, typer.Option(help="Speak each further --say this many ms into the bot's answer.", min=0)
    ] = None,
    wav: Annotated[Path | None, typer.Option(help="Play this 16-bit WAV to the bot.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the call as stereo WAV.")] = None,
) -> None:
    """Call an engine as Asterisk would.

    With nothing to say, type: each line is spoken. Unless told otherwise it calls the engine that `callctl serve`
    starts with the same settings.

    Example: callctl dial --say "Добрий день" --say "Дякую, до побачення"
    """
    if any(key not in "0123456789*#ABCD" for key in dtmf):
        fail("--dtmf takes the keys 0-9 * # A-D")
    if record is not None and not record.absolute().parent.is_dir():
        fail(f"--record {record}: there is no such folder")

    from cli.dialogue import hold
    from engine.config import Config
    from ops.emulators.caller_script import Interrupt, Press, Say, Step
    from ops.emulators.dialling import Call

    steps: list[Step] = [Press(dtmf)] if dtmf else []
    if wav is not None:
        steps.append(_recorded(wav))
    for number, text in enumerate(say or []):
        late = interrupt_after is not None and number > 0
        steps.append(Interrupt(text, interrupt_after or 0) if late else Say(text))
    with clear_errors():
        config = Config.from_env()
        where = config.http
        call = Call(
            config.audiosocket.host if host is None else host,
            config.audiosocket.port if port is None else port,
            f"http://{where.host}:{where.port}" if http is None else http,
            caller, tuple(steps), record, interactive=not steps, secret=where.internal_secret.get_secret_value(),
        )  # fmt: skip
        hold(call)


def _recorded(path: Path) -> "Play":
    import wave

    from ops.emulators.caller_recording import read_wav
    from ops.emulators.caller_script import Play

    try:
        return Play(read_wav(path), path.name)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        fail(f"--wav {path}: {getattr(error, 'strerror', None) or str(error) or 'this is no WAV file'}")
