"""`callctl callbacks`: who asked to be called back, and who has been."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.access import noting
from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.database import Database, Row

app = typer.Typer(no_args_is_help=True, help="Callers who wait to be called back: list, tick off.")


@app.command("list")
def list_command(
    everything: Annotated[bool, typer.Option("--all", help="Also those who have been called.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many, the longest waiting first.", min=1, max=10_000)] = 50,
    unmask: Annotated[bool, typer.Option("--unmask", help="Show phones and names in full.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List who waits to be called back.

    Example: callctl callbacks list --unmask
    """
    from cli.callback_report import print_callbacks
    from engine.config import Config
    from engine.records.callbacks import listed
    from engine.redaction import sanitize

    with clear_errors():
        timezone = Config.from_env().call.timezone

    async def work(database: "Database") -> "Sequence[Row]":
        return await listed(database, everything=everything, limit=limit)

    found = with_database(noting("callbacks.list", "", work, only_if=unmask))
    shown = found if unmask else [{name: sanitize(value, name) for name, value in row.items()} for row in found]
    if as_json:
        print_json(shown)
    else:
        print_callbacks(shown, timezone)


@app.command()
def done(
    request: Annotated[str, typer.Argument(metavar="ID", help="As `callctl callbacks list` shows it.")],
    note: Annotated[str | None, typer.Option(help="What came of it.")] = None,
) -> None:
    """Tick one off: the caller has been called back.

    Example: callctl callbacks done 0b0c4f6e-5a9b-4a1f-8d59-0b6c1f4f2a10 --note "ordered four tyres"
    """
    from getpass import getuser

    from cli.identifiers import uuid_of
    from engine.records.callbacks import find, mark_done

    wanted = uuid_of(request, "callback")

    async def work(database: "Database") -> "tuple[bool, Row | None]":
        return await mark_done(database, wanted, getuser(), note), await find(database, wanted)

    is_done_now, found = with_database(noting("callbacks.done", str(wanted), work))
    if found is None:
        fail(f"there is no request {request}: see callctl callbacks list")
    if not is_done_now:
        fail(f"{request} was done already, by {found['done_by']}: see callctl callbacks list --all", 1)
    typer.echo("done")
