"""`callctl db`: the database's shape."""

import json
from typing import Annotated

import typer

from cli.database import with_database

app = typer.Typer(no_args_is_help=True, help="The database: bring it up to date, or compare.")


@app.command("migrate")
def migrate_command() -> None:
    """Apply the migrations that are missing.

    Safe to repeat, and to run from many machines at once.

    Example: callctl db migrate
    """
    from engine.database import migrate
    from sql import MIGRATIONS

    for name in with_database(lambda database: migrate(database, MIGRATIONS)):
        typer.echo(f"applied {name}")


@app.command("status")
def status_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the migrations: applied, missing, changed since, or unknown to this version.

    Exits with 1 if any is not just applied.

    Example: callctl db status --json
    """
    from engine.database import status
    from sql import MIGRATIONS

    migrations = with_database(lambda database: status(database, MIGRATIONS))
    if as_json:
        typer.echo(json.dumps([{
            "name": each.name, "state": each.state,
            "applied_at": each.applied_at.isoformat() if each.applied_at else None,
        } for each in migrations], indent=2))  # fmt: skip
    else:
        for each in migrations:
            when = f"  {each.applied_at:%Y-%m-%d %H:%M} UTC" if each.applied_at else ""
            typer.echo(f"{each.state:7}  {each.name}{when}")
    if not all(each.applied for each in migrations):
        raise typer.Exit(1)
