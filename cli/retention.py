"""`callctl retention`: remove what is older than the policy allows."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.access import noting
from cli.database import with_database

if TYPE_CHECKING:
    from engine.config import RetentionConfig
    from engine.database import Database
    from engine.records.retention import Outcome

app = typer.Typer(no_args_is_help=True, help="What is kept, and for how long (RETENTION_*).")


@app.command("run")
def run_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drop whole months, delete single rows, and anonymise callers, as old as the policy says.

    Calls go on meanwhile. Safe to repeat and to interrupt; two runs at once exclude each other.

    Example: callctl retention run --dry-run
    """
    from cli.errors import clear_errors
    from engine.config import Config

    with clear_errors():
        ages = Config.from_env().retention
    outcomes: list[Outcome] = []

    async def work(database: "Database") -> None:
        await _run(database, ages, outcomes, dry_run=dry_run, quiet=as_json)

    try:
        with_database(noting("retention.run", "", work, only_if=not dry_run))
    finally:
        if as_json:
            typer.echo(json.dumps([_plain(each) for each in outcomes], indent=2))
    if not as_json and not any(each.rows or each.error or each.verb == "dropped" for each in outcomes):
        typer.echo("nothing is too old")


async def _run(
    database: "Database", ages: "RetentionConfig", outcomes: "list[Outcome]", *, dry_run: bool, quiet: bool
) -> None:
    from datetime import UTC, datetime

    from cli.progress import Progress
    from engine.records import retention

    now = datetime.now(UTC)
    with Progress() as progress:

        def ended(outcome: "Outcome") -> None:
            outcomes.append(outcome)
            if not quiet and (outcome.rows or outcome.verb == "dropped") and outcome.error is None:
                about = "about " if outcome.is_estimate else ""
                would = "would be " if dry_run else ""
                progress.say(f"{would}{outcome.verb}  {outcome.target}  {about}{outcome.rows} rows")

        if dry_run:
            for outcome in await retention.preview(database, ages, now, moved=progress.moved):
                ended(outcome)
        else:
            await retention.run(database, ages, now, ended=ended, moved=progress.moved)


def _plain(outcome: "Outcome") -> dict[str, str | int | None]:
    return {name: getattr(outcome, name) for name in ("table", "target", "verb", "rows", "is_estimate", "error")}
