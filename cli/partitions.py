"""`callctl partitions`: the months of the tables that roll by month."""

import json
from typing import Annotated

import typer

from cli.database import with_database
from cli.errors import fail

app = typer.Typer(no_args_is_help=True, help="Monthly partitions: make them ahead, list them, their reach.")

_MOST = 120


@app.command("ensure")
def ensure_command(
    months_ahead: Annotated[int, typer.Option(help=f"Months after the present one, 1 to {_MOST}.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the partitions of this month and the next ones, in every table.

    Safe to repeat, and to run from many machines at once.

    Example: callctl partitions ensure --months-ahead 6
    """
    if not 1 <= months_ahead <= _MOST:
        fail(f"--months-ahead {months_ahead}: give a number of months from 1 to {_MOST}")
    from datetime import UTC, datetime

    from engine.records.partitions import ensure

    made = with_database(lambda database: ensure(database, datetime.now(UTC), months_ahead))
    if as_json:
        typer.echo(json.dumps(made))
        return
    for name in made:
        typer.echo(f"made {name}")
    if not made:
        typer.echo("nothing was missing")


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List every partition with its month and size.

    Example: callctl partitions list --json
    """
    from rich.table import Table

    from cli.tables import megabytes, print_table
    from engine.records.partitions import listed

    partitions = with_database(listed)
    if as_json:
        typer.echo(json.dumps([{
            "table": each.table, "name": each.name, "starts_at": each.starts_at.isoformat(),
            "ends_at": each.ends_at.isoformat(), "state": each.state, "bytes": each.bytes,
        } for each in partitions], indent=2))  # fmt: skip
        return
    table = Table("table", "partition", "from", "to", "MB", box=None)
    for each in partitions:
        table.add_row(each.table, each.name + ("" if each.state == "attached" else f" ({each.state})"),
                      f"{each.starts_at:%Y-%m-%d}", f"{each.ends_at:%Y-%m-%d}", megabytes(each.bytes))  # fmt: skip
    print_table(table)


@app.command("status")
def status_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say how far ahead the partitions of each table reach.

    Exits with 1 if this month's or the next one's is missing anywhere.

    Example: callctl partitions status
    """
    from datetime import UTC, datetime

    from rich.table import Table

    from cli.tables import print_table
    from engine.records.partitions import coverages

    tables = with_database(lambda database: coverages(database, datetime.now(UTC)))
    if as_json:
        typer.echo(json.dumps([{
            "table": each.table, "reaches": each.reaches.isoformat(), "days_ahead": round(each.days_ahead, 1),
            "missing": [str(month) for month in each.missing],
        } for each in tables], indent=2))  # fmt: skip
    else:
        table = Table("table", "reaches", "days ahead", "missing", box=None)
        for each in tables:
            table.add_row(each.table, f"{each.reaches:%Y-%m-%d}", f"{each.days_ahead:.0f}",
                          ", ".join(map(str, each.missing)))  # fmt: skip
        print_table(table)
    if not tables or any(each.missing for each in tables):
        raise typer.Exit(1)
