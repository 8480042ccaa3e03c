"""`callctl jobs`: what is done by the clock, and what became of it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli.access import noting
from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail
from cli.installation import in_force

if TYPE_CHECKING:
    from engine.database import Database
    from ops.jobs.job import Job
    from ops.jobs.run import RunEnded

app = typer.Typer(no_args_is_help=True, help="What is done by the clock: list, run by hand, look back.")

_FAILED = 1
_TIME = "%Y-%m-%d %H:%M:%S"


@app.command("list")
def list_command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the jobs: what each does and when it is due, in crontab notation and next, by the clock of CALL_TIMEZONE.

    Example: callctl jobs list --json
    """
    from datetime import UTC, datetime

    from rich.table import Table

    from cli.tables import print_table
    from engine.config import Config
    from ops.jobs.table import JOBS
    from ops.scheduler.schedule import Schedule

    with clear_errors():
        zone, now = Config.from_env().call.timezone, datetime.now(UTC)
    due = {job.name: Schedule(job.cron, zone).next(now).astimezone(zone) for job in JOBS.values()}
    if as_json:
        typer.echo(json.dumps([{
            "name": job.name, "cron": job.cron, "next": due[job.name].isoformat(), "purpose": job.purpose,
        } for job in JOBS.values()], indent=2))  # fmt: skip
        return
    table = Table("job", "cron", "next", "what it does", box=None)
    for job in JOBS.values():
        table.add_row(job.name, job.cron, f"{due[job.name]:%Y-%m-%d %H:%M}", job.purpose)
    print_table(table)


@app.command()
def run(name: Annotated[str, typer.Argument(help="One of `callctl jobs list`.")]) -> None:
    """Run a job now, and print what it says.

    It goes on record as every run does. Exits with 1 if the job fails, or is being run elsewhere.

    Example: callctl jobs run partitions
    """
    from ops.jobs.run import run_job

    job = _known(name)

    async def work(database: "Database") -> "RunEnded | None":
        return await run_job(job, in_force(), database, echo=typer.echo)

    ended = with_database(noting("jobs.run", name, work))
    if ended is None:
        fail(f"{name} is being run already: see callctl jobs history --job {name}", _FAILED)
    if not ended.ok:
        raise typer.Exit(_FAILED)


@app.command()
def history(
    job: Annotated[str | None, typer.Option(help="Only the runs of this one.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the latest first.", min=1, max=10_000)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all that a run has said.")] = False,
) -> None:
    """List the latest runs of jobs and how they ended.

    Example: callctl jobs history --job partitions --limit 5
    """
    from dataclasses import asdict

    from rich.markup import escape
    from rich.table import Table

    from cli.tables import print_table
    from engine.config import Config
    from ops.jobs import runs

    if job is not None:
        _known(job)
    found = with_database(lambda database: runs.history(database, job=job, limit=limit))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    zone = Config.from_env().call.timezone
    table = Table("job", "scheduled for", "started", "took", "result", "on", "last words", box=None)
    for each in found:
        scheduled = f"{each.scheduled_for.astimezone(zone):{_TIME}}" if each.scheduled_for else "by hand"
        took = f"{(each.finished_at - each.started_at).total_seconds():.1f} s" if each.finished_at else ""
        table.add_row(each.job, scheduled, f"{each.started_at.astimezone(zone):{_TIME}}", took, each.state, each.host,
                      escape(each.output.rpartition("\n")[2]))  # fmt: skip
    print_table(table)


def _known(name: str) -> "Job":
    """The job of that name, or the end of the command."""
    from ops.jobs.table import JOBS

    job = JOBS.get(name)
    if job is None:
        fail(f"there is no job {name!r}; there are: {', '.join(JOBS)}")
    return job
