"""`callctl customers`: what is on record of a caller; give it to him, or erase it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.access import noting
from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail
from cli.installation import in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.database import Database

app = typer.Typer(no_args_is_help=True, help="Callers on record: list, show, export, erase.")

Phone = Annotated[str, typer.Argument(metavar="PHONE", help="In any usual notation: 067 123 45 67, +380671234567.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option(help="At most so many, who called last first.", min=1, max=100_000)] = 50,
    unmask: Annotated[bool, typer.Option("--unmask", help="Show phones and names in full.")] = False,
    as_json: AsJson = False,
) -> None:
    """List callers, who called last first.

    Example: callctl customers list --limit 10
    """
    from cli.customer_report import print_customers
    from engine.records.customers import listed
    from engine.redaction import sanitize

    found = with_database(noting("customers.list", "", lambda database: listed(database, limit), only_if=unmask))
    shown = found if unmask else [{name: sanitize(value, name) for name, value in row.items()} for row in found]
    if as_json:
        print_json(shown)
    else:
        print_customers(shown)


@app.command()
def show(phone: Phone, as_json: AsJson = False) -> None:
    """Show who a caller is and which calls he made.

    Example: callctl customers show "067 123 45 67"
    """
    from cli.customer_report import print_customer
    from engine.records.customers import load

    number = _number(phone)
    known = with_database(noting("customers.read", number, lambda database: load(database, number)))
    _print(known, number, as_json, print_customer)


@app.command()
def export(phone: Phone, as_json: AsJson = False) -> None:
    """Print all that is kept of a caller, for him to have.

    Example: callctl customers export +380671234567 --json
    """
    from cli.customer_report import print_export
    from engine.records.customers import export as gather

    number = _number(phone)
    everything = with_database(noting("customers.export", number, lambda database: gather(database, number)))
    _print(everything, number, as_json, print_export)


@app.command()
def erase(
    phone: Phone,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a caller everywhere: profile, words, orders' details, call-backs, the number in any text.

    His calls stay on record without him. Back-ups made before keep him until they are rotated out.

    Example: callctl customers erase "067 123 45 67" --yes
    """
    number = _number(phone)
    if not yes and not sys.stdin.isatty():
        fail("nobody is there to ask: erase with --yes")
    if not yes and not typer.confirm(f"Erase all that is kept of {number}? It cannot be undone."):
        raise typer.Exit(1)
    with clear_errors():
        config = in_force()

    async def work(database: "Database") -> list[dict[str, Any]]:
        from cli.progress import Progress
        from engine.call.erasing import erase_everywhere

        with Progress() as progress:
            done = await erase_everywhere(database, config, number, progress.moved)
        return [{"table": each.table, "done": each.what, "rows": each.rows} for each in done]

    done = with_database(noting("customers.erase", number, work))
    if as_json:
        print_json(done)
        return
    for each in done:
        typer.echo(f"{each['table']}: {each['rows'] or 'some'} {each['done']}")
    if all(each["rows"] for each in done):
        typer.echo(f"nothing is left of {number}" if done else f"nothing was on record of {number}")


def _number(phone: str) -> str:
    from engine.pbx.phone import normalize_phone

    number = normalize_phone(phone)
    if number is None:
        fail(f"{phone!r} is no phone number: give one like 067 123 45 67 or +380671234567")
    return number


def _print[T](found: T | None, number: str, as_json: bool, print_for_people: "Callable[[T], None]") -> None:
    if found is None:
        fail(f"nothing is on record of {number}", 1)
    if as_json:
        print_json(found)
    else:
        print_for_people(found)
