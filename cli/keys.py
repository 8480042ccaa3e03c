"""`callctl keys`: keys for programs that use the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.as_json import print_json
from cli.database import with_database
from cli.errors import fail

if TYPE_CHECKING:
    from engine.database import Database

app = typer.Typer(no_args_is_help=True, help="Keys for programs that use the API: add, list, revoke.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[str, typer.Option(help="viewer, supervisor or admin.")] = "viewer",
    days: Annotated[int, typer.Option(help="Valid for so many days; 0 for ever.", min=0, max=3650)] = 365,
) -> None:
    """Make a key and print it. It is shown this once.

    Example: callctl keys add "nightly report" --role viewer --days 90
    """
    from datetime import UTC, datetime, timedelta

    from cli.access import name_of, noted, role_of
    from engine.access import keys

    wanted, clean = role_of(role), name_of(name, "a key's")
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def work(database: "Database") -> str:
        await noted(database, "keys.add", f"{clean} {wanted}")
        return await keys.issue(database, clean, wanted, expires_at)

    typer.echo(with_database(work))


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the keys, the newest first: what each is for, its role, and when it was last used.

    Example: callctl keys list --json
    """
    from datetime import UTC, datetime

    from rich.markup import escape
    from rich.table import Table

    from cli.tables import print_table
    from engine.access import keys

    found, now = with_database(keys.listed), datetime.now(UTC)
    if as_json:
        print_json([{
            "prefix": each.prefix, "name": each.name, "role": each.role, "state": each.state(now),
            "created_at": each.created_at, "expires_at": each.expires_at, "used_at": each.used_at,
        } for each in found])  # fmt: skip
        return
    table = Table("key", "for", "role", "state", "created", "expires", "last used", box=None)
    for each in found:
        table.add_row(each.prefix, escape(each.name), each.role, each.state(now), _minute(each.created_at),
                      _minute(each.expires_at), _minute(each.used_at))  # fmt: skip
    print_table(table)


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="As `keys list` shows it: the eight characters after `callctl_`.")],
) -> None:
    """Make a key void, at once and for good.

    Example: callctl keys revoke 3fa9c1d2
    """
    from cli.access import noted
    from engine.access import keys

    async def work(database: "Database") -> None:
        await noted(database, "keys.revoke", prefix)
        if not await keys.revoke(database, prefix):
            fail(f"there is no valid key {prefix}; callctl keys list shows them")

    with_database(work)
    typer.echo(f"{prefix} is void")


def _minute(moment: object) -> str:
    """In UTC."""
    return "–" if moment is None else str(moment)[:16]
