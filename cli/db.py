"""`callctl db`: the database's shape."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors

if TYPE_CHECKING:
    from engine.database import Database

app = typer.Typer(no_args_is_help=True, help="The database: bring it up to date, or compare.")

_PATIENCE = 5.0


@app.command("migrate")
def migrate_command() -> None:
    """Apply the migrations that are missing.

    Safe to repeat, and to run from many machines at once.

    Example: callctl db migrate
    """
    from engine.database import migrate
    from sql import MIGRATIONS

    for name in _with_database(lambda database: migrate(database, MIGRATIONS)):
        typer.echo(f"applied {name}")


@app.command("status")
def status_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the migrations, applied or missing.

    Exits with 1 if any is missing.

    Example: callctl db status --json
    """
    from engine.database import status
    from sql import MIGRATIONS

    migrations = _with_database(lambda database: status(database, MIGRATIONS))
    if as_json:
        typer.echo(json.dumps([{"name": each.name, "applied": each.applied} for each in migrations]))
    else:
        for each in migrations:
            typer.echo(f"{'applied' if each.applied else 'missing'}  {each.name}")
    if not all(each.applied for each in migrations):
        raise typer.Exit(1)


def _with_database[T](work: "Callable[[Database], Awaitable[T]]") -> T:
    import trio

    from engine.config import Config
    from engine.database import Database
    from engine.errors import ConfigError, DatabaseAway

    async def main() -> T:
        config = Config.from_env().database
        if not config.url.get_secret_value():
            raise ConfigError("DATABASE_URL is not set")
        async with Database(config) as database:
            if not await database.wait_available(_PATIENCE):
                raise DatabaseAway(f"the database of DATABASE_URL does not answer within {_PATIENCE:.0f} s")
            return await work(database)

    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # its warnings would bury the one line that counts
    with clear_errors():
        return trio.run(main)
