"""`callctl users`: who may log in to the console."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.database import with_database
from cli.errors import fail

if TYPE_CHECKING:
    from engine.access.users import User
    from engine.database import Database

app = typer.Typer(no_args_is_help=True, help="Who may log in: add, list, disable, enable, reset.")

Name = Annotated[str, typer.Argument(help="What the user logs in with: a name or an e-mail address.")]


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, supervisor or admin; each may do all that those before may.")],
) -> None:
    """Add a user, and print the one-time link with which he sets his password within a day.

    Example: callctl users add olena --role supervisor
    """
    from cli.access import name_of, noted, role_of
    from engine.access import users

    wanted, clean = role_of(role), name_of(name, "a user's")

    async def work(database: "Database") -> None:
        await noted(database, "users.add", f"{clean} {wanted}")
        user = await users.add(database, clean, wanted)
        if user is None:
            fail(f"there is a user {clean!r} already: callctl users reset {clean}")
        await _print_link(database, user)

    with_database(work)


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the users: role and state. Who has not set his password yet is `invited`.

    Example: callctl users list --json
    """
    from rich.markup import escape
    from rich.table import Table

    from cli.tables import print_table
    from engine.access import users

    found = with_database(users.listed)
    if as_json:
        typer.echo(json.dumps([{
            "name": each.name, "role": each.role, "state": each.state, "created_at": each.created_at.isoformat(),
        } for each in found], ensure_ascii=False, indent=2))  # fmt: skip
        return
    table = Table("user", "role", "state", "created", box=None)
    for each in found:
        table.add_row(escape(each.name), each.role, each.state, f"{each.created_at:%Y-%m-%d %H:%M}")
    print_table(table)


@app.command()
def disable(name: Name) -> None:
    """Keep a user out, at once: his sessions end, his links are void.

    Example: callctl users disable olena
    """
    _set_disabled(name, True)


@app.command()
def enable(name: Name) -> None:
    """Let a disabled user in again, with the password he had.

    Example: callctl users enable olena
    """
    _set_disabled(name, False)


@app.command()
def reset(name: Name) -> None:
    """Print a new one-time link, with which a user sets another password. The old one holds until then.

    Example: callctl users reset olena
    """
    from cli.access import noted

    async def work(database: "Database") -> None:
        user = await _known(database, name)
        if user.disabled_at is not None:
            fail(f"{name} is disabled: callctl users enable {name}")
        await noted(database, "users.reset", user.name)
        await _print_link(database, user)

    with_database(work)


def _set_disabled(name: str, disabled: bool) -> None:
    from cli.access import noted
    from engine.access import users

    async def work(database: "Database") -> None:
        user = await _known(database, name)
        await noted(database, "users.disable" if disabled else "users.enable", user.name)
        await users.set_disabled(database, user.id, disabled)

    with_database(work)
    typer.echo(f"{name} {'is kept out' if disabled else 'may log in'}")


async def _known(database: "Database", name: str) -> "User":
    from engine.access import users

    user = await users.find(database, name)
    if user is None:
        fail(f"there is no user {name!r}; callctl users list shows them")
    return user


async def _print_link(database: "Database", user: "User") -> None:
    from engine.access import links
    from engine.config import Config
    from engine.web.auth.site import Site

    token = await links.issue(database, user)
    typer.echo(links.url(Site(Config.from_env().http).base, token))
