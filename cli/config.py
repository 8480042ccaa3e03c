"""`callctl config`: what is configured."""

import json
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from rich.console import Console
from rich.table import Table

from cli.errors import clear_errors
from engine.config import SECTIONS, Config, variable

app = typer.Typer(no_args_is_help=True, help="Settings, from the environment and .env.")


@app.callback()
def group() -> None:
    """Keeps `show` a command of its own while it is the only one."""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print every setting with its variable; secrets masked. Example: callctl config show --json"""
    with clear_errors():
        rows = _rows(Config.from_env())
    if as_json:
        typer.echo(json.dumps({name: value for name, value, _ in rows}, ensure_ascii=False, indent=2))
        return
    table = Table("variable", "value", "", box=None)
    for name, value, is_set in rows:
        table.add_row(name, json.dumps(value, ensure_ascii=False), "set" if is_set else "default")
    Console().print(table)


def _rows(config: Config) -> list[tuple[str, Any, bool]]:
    """(variable, plain value, set by the user), secrets masked."""
    return [
        (variable(SECTIONS[name], field), _plain(section, field), field in section.model_fields_set)
        for name in Config.__slots__
        for section in [getattr(config, name)]
        for field in SECTIONS[name].model_fields
    ]


def _plain(section: BaseSettings, field: str) -> Any:
    value = getattr(section, field)
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return value if isinstance(value, int | float | bool | None) else str(value)


@app.command()
def example() -> None:
    """Print .env.example: every variable with its default. Example: callctl config example > .env.example"""
    typer.echo(example_file(), nl=False)


def example_file() -> str:
    """Every variable, commented out at its default, under its component's description."""
    blocks = ["# Copy to .env and set what you need; what is left out keeps the default shown.\n"]
    for section in SECTIONS.values():
        described = " ".join((section.__doc__ or section.__name__).split())
        lines = [f"# {described}"]
        for field, info in section.model_fields.items():
            default = info.get_default()
            if isinstance(default, SecretStr):
                default = ""
            if isinstance(default, tuple):
                default = ",".join(str(item) for item in default)
            lines.append(f"#{variable(section, field)}={'' if default is None else default}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
