"""One clear line and exit code 2 for what the user can mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from engine.errors import EngineError


def fail(message: str) -> NoReturn:
    """Print one line on stderr, exit with 2."""
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Errors of the engine, alone or as the only ones of a nursery, become one line."""
    try:
        yield
    except* EngineError as group:
        fail("; ".join(dict.fromkeys(str(error) for error in _leaves(group))))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
