"""`callctl backup`: copies of the database."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors

if TYPE_CHECKING:
    from engine.config import Config
    from ops.backup.archive import Backup, Broken
    from ops.backup.dump import Moved

app = typer.Typer(no_args_is_help=True, help="Copies of the database (BACKUP_*): make, prove, put back, list.")

_HELP = "One of `callctl backup list`."


@app.command("create")
def create_command() -> None:
    """Back the database up, then remove the back-ups that are too old to be kept.

    Calls go on meanwhile.

    Example: callctl backup create
    """
    from datetime import UTC, datetime

    from ops.backup.dump import create, rotate

    async def work(config: "Config", moved: "Moved") -> "Backup":
        return await create(config.database, config.backup, datetime.now(UTC), moved=moved)

    with clear_errors():
        config = _config()
        typer.echo(f"made {_run(config, work).told}")
        for name in rotate(config.backup, config.call.timezone):
            typer.echo(f"removed {name}")


@app.command("verify")
def verify_command(
    name: Annotated[str | None, typer.Argument(help=_HELP + " Without: the newest.", show_default=False)] = None,
) -> None:
    """Prove that a back-up can be restored: into a scratch database on the same server, which is counted and dropped.

    Example: callctl backup verify
    """
    from ops.backup.archive import Archive
    from ops.backup.verify import verify

    async def work(config: "Config", moved: "Moved") -> int:
        return await verify(backup, config.database, moved=moved)

    with clear_errors():
        config = _config()
        backup = Archive(config.backup).get(name)
        rows = _run(config, work)
    typer.echo(f"{backup.name} can be restored: {rows} rows in {len(backup.manifest.rows)} tables, as it should have")


@app.command("restore")
def restore_command(
    name: Annotated[str, typer.Argument(help=_HELP)],
    force: Annotated[bool, typer.Option("--force", help="Replace all that is in the database.")] = False,
    into: Annotated[
        str | None, typer.Option(help="URL of the database to restore into; DATABASE_URL. Its password: PGPASSWORD.")
    ] = None,
) -> None:
    """Put a back-up into a database: all of it, or nothing if anything fails.

    Example: callctl backup restore callctl-20260115T003000Z --into postgresql://callctl@db2/callctl
    """
    from engine.database.libpq import environment
    from ops.backup.archive import Archive
    from ops.backup.restore import restore
    from sql import MIGRATIONS

    async def work(config: "Config", moved: "Moved") -> None:
        await restore(backup, config.database, force=force, moved=moved)

    with clear_errors():
        config = _config(into)
        environment(config.database.url.get_secret_value())
        backup = Archive(config.backup).get(name)
        _run(config, work)
    typer.echo(f"restored {backup.told}")
    if {path.name for path in MIGRATIONS.glob("*.sql")} - set(backup.manifest.migrations):
        typer.echo("it is older than this version's tables: callctl db migrate")


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the back-ups there are, the newest first; last the dumps that are none, and why.

    Example: callctl backup list --json
    """
    from rich.table import Table

    from cli.tables import megabytes, print_table
    from engine.config import Config
    from ops.backup.archive import Archive

    with clear_errors():
        config = Config.from_env()
        archive = Archive(config.backup)
        backups, broken = archive.backups(), archive.broken()
    if as_json:
        typer.echo(json.dumps([*map(_plain, backups), *map(_plain, broken)], indent=2))
        return
    table = Table("name", "made", "MB", "tables", "rows", "server", box=None)
    for each in backups:
        made = each.manifest.created.astimezone(config.call.timezone)
        table.add_row(each.name, f"{made:%Y-%m-%d %H:%M:%S}", megabytes(each.bytes), str(len(each.manifest.rows)),
                      str(sum(each.manifest.rows.values())), each.manifest.server_version)  # fmt: skip
    print_table(table)
    for dump in broken:
        typer.echo(f"broken: {dump.name}: {dump.why}")


def _plain(each: "Backup | Broken") -> dict[str, object]:
    """As JSON has it: with what is in it, or why nobody can say."""
    from ops.backup.archive import Backup

    known = {"name": each.name, "file": str(each.dump), "bytes": each.bytes}
    if isinstance(each, Backup):
        return {**known, "broken": None, **each.manifest.as_data()}
    return {**known, "broken": each.why}


def _config(url: str | None = None) -> "Config":
    """With a database to work on."""
    from engine.config import Config
    from engine.errors import ConfigError

    config = Config.from_env({"database": {"url": url}} if url else None)
    if not config.database.url.get_secret_value():
        raise ConfigError("DATABASE_URL is not set: set it in the environment or in .env")
    return config


def _run[T](config: "Config", work: "Callable[[Config, Moved], Awaitable[T]]") -> T:
    """What `work` gives, with a bar on a terminal meanwhile."""
    import trio

    from cli.progress import Progress

    with Progress() as progress:
        return trio.run(work, config, progress.moved)
