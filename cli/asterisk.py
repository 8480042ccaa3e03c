"""`callctl asterisk`: the PBX the engine belongs to."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors

if TYPE_CHECKING:
    from engine.pbx.check import Finding

app = typer.Typer(no_args_is_help=True, help="The Asterisk beside the engine (AMI_*, OPERATORS_*).")


@app.callback()
def group() -> None:
    """Keeps `check` a command of its own while it is the only one."""


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Ask Asterisk and the engine whether a call will find what it needs; say what is missing and what to do.

    Changes nothing. Exit code 1 where something is missing.

    Example: callctl asterisk check
    """
    import trio

    from engine.config import Config
    from engine.pbx.check import all_well, check

    with clear_errors():
        findings = trio.run(check, Config.from_env())
    if as_json:
        typer.echo(json.dumps([_as_data(each) for each in findings], ensure_ascii=False, indent=2))
    else:
        _print(findings)
    if not all_well(findings):
        raise typer.Exit(1)


def _as_data(finding: "Finding") -> dict[str, str]:
    return {"mark": finding.mark, "what": finding.what, "found": finding.found, "remedy": finding.remedy}


def _print(findings: "list[Finding]") -> None:
    from rich.markup import escape
    from rich.table import Table

    from cli.tables import print_table
    from engine.pbx.check import Mark

    marks = {Mark.FINE: "✓", Mark.MISSING: "[red]✗[/]", Mark.UNKNOWN: "[yellow]?[/]"}
    table = Table("", "what", "found", "what to do", box=None)
    for each in findings:
        table.add_row(marks[each.mark], *map(escape, (each.what, each.found, each.remedy)))
    print_table(table)
