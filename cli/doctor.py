"""`callctl doctor`: what an installation lacks."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors
from cli.installation import in_force

if TYPE_CHECKING:
    from ops.doctor.check import Looked


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look for what an installation lacks, and say what to do.

    Settings, database, Redis, vendors, store, PBX, clock, limits, ports, disk; at once, each for 5 seconds at most. The
    vendors are asked something that costs next to nothing. Exits with 1 if anything fails.

    Example: callctl doctor --json
    """
    from rich.console import Console

    from cli.doctor_report import as_data, print_found
    from engine import log

    log.configure("ERROR")
    with clear_errors(), Console(stderr=True).status("looking …"):
        found = _look()
    if as_json:
        typer.echo(json.dumps([as_data(each) for each in found], ensure_ascii=False, indent=2))
    else:
        print_found(found)
    if any(each.finding.state == "failed" for each in found):
        raise typer.Exit(1)


def _look() -> "list[Looked]":
    import trio

    from engine.errors import ConfigError
    from ops.doctor.check import Looked, failed, look_at_all, ok
    from ops.doctor.table import CHECKS

    try:
        config = in_force()
    except ConfigError as error:
        remedy = "mend it in the environment or in .env; callctl config example shows every variable"
        return [Looked("settings", failed(str(error), remedy), 0.0)]
    return [Looked("settings", ok("every value can be used"), 0.0), *trio.run(look_at_all, CHECKS, config)]
