"""One clear line on stderr and exit code 2 for what the user can mend; a Ctrl-C is no fault at all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from engine.errors import EngineError

INTERRUPTED = 130
"""What a shell expects of a program that Ctrl-C has ended."""


def fail(message: str, code: int = 2) -> NoReturn:
    """Print one line on stderr, exit."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Errors of the engine, alone or as the only ones of a nursery, become one line; Ctrl-C an exit code."""
    try:
        yield
    except* EngineError as group:
        fail("; ".join(dict.fromkeys(str(error) for error in _leaves(group))))
    except* KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


_HELP = "Usage: "
"""How the help begins, which stands in place of a message where no command was given."""


class PlainGroup(TyperGroup):
    """Says what is wrong with a command line in one line, as every other error, instead of a drawn box."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except typer.TyperException as error:
            message = error.format_message()
            if message.startswith(_HELP):
                typer.echo(message)
            else:
                typer.echo(f"error: {message}", err=True)
            code = error.exit_code
        except typer.Abort:
            code = INTERRUPTED
        sys.exit(code or 0)
