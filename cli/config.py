"""`callctl config`: what is configured."""

import json
from typing import Annotated

import typer

from cli.errors import clear_errors

app = typer.Typer(no_args_is_help=True, help="Settings, from the environment and .env.")


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print every setting with its variable; secrets masked.

    Example: callctl config show --json
    """
    from rich.console import Console
    from rich.table import Table

    from engine.config import Config
    from engine.config.shown import rows

    with clear_errors():
        settings = rows(Config.from_env())
    if as_json:
        typer.echo(json.dumps({name: value for name, value, _ in settings}, ensure_ascii=False, indent=2))
        return
    table = Table("variable", "value", "", box=None)
    for name, value, is_set in settings:
        table.add_row(name, json.dumps(value, ensure_ascii=False), "set" if is_set else "default")
    Console(highlight=False).print(table)


@app.command()
def example() -> None:
    """Print .env.example: every variable with its default.

    Example: callctl config example
    """
    from cli.settings import example_file

    typer.echo(example_file(), nl=False)
