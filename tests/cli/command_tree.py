"""Every command there is, and whether a command line is one of them."""

import shlex
from collections.abc import Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.main import app


def commands() -> dict[str, TyperCommand]:
    """`callctl config show` -> its command."""
    return dict(_leaves("callctl", get_command(app)))


def _leaves(path: str, command: Any) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _leaves(f"{path} {name}", inner)
    else:
        yield path, command


def parse(line: str) -> str:
    """The command a line (`callctl dial --port 1`) is of. Raises what the command line would fail with."""
    words = shlex.split(line)
    name = next(path for path in sorted(commands(), key=len, reverse=True) if line.startswith(path))
    commands()[name].make_context(name, words[len(name.split()) :])
    return name
