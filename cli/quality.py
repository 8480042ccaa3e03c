"""`callctl quality`: how good the calls were."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail

if TYPE_CHECKING:
    from datetime import datetime

    from engine.config import Config
    from engine.database import Database
    from ops.jobs.quality import Evaluated, Progress

app = typer.Typer(no_args_is_help=True, help="Quality of finished calls: have them judged, see a verdict.")


@app.command("run")
def run_command(
    since: Annotated[str | None, typer.Option(help="Only calls from this date on, YYYY-MM-DD.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many, the oldest first.", min=1)] = None,
) -> None:
    """Have the finished calls judged that nobody has judged yet, by QUALITY_MODEL.

    Safe to break off and to repeat: each verdict is kept as soon as it is there. Stops where the model is out of reach.

    Example: callctl quality run --limit 100
    """
    from cli.dates import start_of
    from cli.progress import Progress
    from engine import log
    from engine.config import Config

    log.configure("ERROR")  # a vendor that is down is told in the one line at the end
    with clear_errors():
        config = Config.from_env()
    begins = start_of("--since", since, config.call.timezone)
    with Progress() as bar:
        done = with_database(
            lambda database: _evaluate(database, config, begins, limit, lambda n, of: bar.moved("calls judged", n, of))
        )
    typer.echo(f"{done.judged} calls judged, {done.marked} without a readable verdict")


@app.command()
def show(
    call_id: Annotated[str, typer.Argument(metavar="ID", help="As `callctl calls list` shows it.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the verdict on one call, criterion by criterion.

    Example: callctl quality show 6f1b7a52-3d0e-4a53-9f0c-0d3c5b8f2a11
    """
    from cli.identifiers import uuid_of
    from cli.quality_report import print_verdict, verdict_of
    from engine.records.calls import load

    wanted = uuid_of(call_id)
    call = with_database(lambda database: load(database, wanted))
    if call is None:
        fail(f"there is no call {call_id} on record: see callctl calls list")
    if call["evaluated_at"] is None:
        fail(f"call {call_id} has not been judged: callctl quality run judges those that wait", 1)
    if as_json:
        print_json(verdict_of(call))
    else:
        print_verdict(verdict_of(call))


async def _evaluate(
    database: "Database", config: "Config", since: "datetime | None", limit: int | None, progress: "Progress"
) -> "Evaluated":
    from ops.jobs.quality import evaluate, open_judge

    async with open_judge(config) as judge:
        return await evaluate(database, judge, since=since, limit=limit, progress=progress)
