"""`callctl calls`: what is on record of calls."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.access import noting
from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.database import Database, Row

app = typer.Typer(no_args_is_help=True, help="Calls on record: a list, or one with all that was said and done.")

_OUTCOMES = ("completed", "caller_hung_up", "transferred", "silence", "failed_over", "interrupted")
_MASKED = "Show phones, names and addresses in full."


@app.command("list")
def list_command(
    since: Annotated[str | None, typer.Option(help="From this date on, YYYY-MM-DD.")] = None,
    outcome: Annotated[str | None, typer.Option(help=f"Only those: {', '.join(_OUTCOMES)}.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.", min=1, max=10_000)] = 20,
    unmask: Annotated[bool, typer.Option("--unmask", help=_MASKED)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List calls.

    Example: callctl calls list --outcome transferred --limit 5
    """
    from cli.call_report import print_calls
    from cli.dates import start_of
    from engine.config import Config
    from engine.records.calls import listed

    if outcome is not None and outcome not in _OUTCOMES:
        fail(f"--outcome {outcome}: there are {', '.join(_OUTCOMES)}")
    with clear_errors():
        config = Config.from_env()
    begins = start_of("--since", since, config.call.timezone)

    async def work(database: "Database") -> "Sequence[Row]":
        return await listed(database, since=begins, outcome=outcome, limit=limit)

    calls = with_database(noting("calls.list", outcome or "", work, only_if=unmask))
    shown = [_shown(call, unmask) for call in calls]
    if as_json:
        print_json(shown)
    else:
        print_calls(shown, config.call.timezone)


@app.command()
def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="As `callctl calls list` shows it.")],
    unmask: Annotated[bool, typer.Option("--unmask", help=_MASKED)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show one call: who said what and when, what was looked up, how long answers took, what it cost.

    Example: callctl calls show 6f1b7a52-3d0e-4a53-9f0c-0d3c5b8f2a11
    """
    from cli.call_report import print_call
    from cli.identifiers import uuid_of
    from engine.config import Config
    from engine.records.calls import load

    wanted = uuid_of(call_id)
    call = with_database(noting("calls.read", str(wanted), lambda database: load(database, wanted), only_if=unmask))
    if call is None:
        fail(f"there is no call {call_id} on record: see callctl calls list")
    if as_json:
        print_json(_shown(call, unmask))
    else:
        print_call(_shown(call, unmask), Config.from_env())


def _shown(call: dict[str, Any], unmask: bool) -> dict[str, Any]:
    """As it may be seen: without people in it, unless that was asked for."""
    from engine.redaction import sanitize

    return call if unmask else {name: sanitize(value, name) for name, value in call.items()}
