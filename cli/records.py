"""`callctl records`: what waits on this machine's disk for the database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import clear_errors, fail

app = typer.Typer(no_args_is_help=True, help="Records that wait on disk for the database: show, replay.")


@app.command("status")
def status_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the spools of this machine's engines, by database.

    A running engine replays its own, and what an engine that is gone has left when it starts.

    Example: callctl records status --json
    """
    from cli.records_report import as_rows, table
    from cli.tables import print_table
    from engine.config import Config
    from engine.records.spool_folder import spool_home
    from engine.records.spool_listing import listed

    with clear_errors():
        home = spool_home(Config.from_env().records)
        spools = listed(home)
    if as_json:
        typer.echo(json.dumps(as_rows(spools)))
    elif spools:
        print_table(table(spools))
    else:
        typer.echo(f"nothing waits: no spool in {home}")


@app.command("replay")
def replay_command(
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A database's folder of `records status`, where it had another address then."),
    ] = None,
) -> None:
    """Bring what engines that are gone have left into the database of DATABASE_URL.

    Safe to repeat: no row is there twice. What running engines have they replay themselves.

    Example: callctl records replay
    """
    if folder is not None and not folder.is_dir():
        fail(f"--from {folder}: no such folder; `callctl records status` lists them")
    from cli.records_report import replayed

    replayed(folder)
