"""`callctl stats`: what a day's calls came to."""

import json
from typing import Annotated

import typer

from cli.database import with_database
from cli.errors import clear_errors, fail

app = typer.Typer(no_args_is_help=True, help="Statistics: calls, results, times, quality and cost of a day.")


@app.command()
def daily(
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD, by the clock of CALL_TIMEZONE. Yesterday.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute a day anew from its calls, keep it if it is over, and show it.

    Safe to repeat: a day that has not changed comes out the same.

    Example: callctl stats daily --date 2026-11-21
    """
    from datetime import datetime

    from cli.daily_report import print_day
    from cli.dates import day_of
    from engine.config import Config
    from engine.records.statistics import Day, compute, yesterday

    with clear_errors():
        config = Config.from_env()
    timezone = config.call.timezone
    now = datetime.now(timezone)
    day = yesterday(now) if date is None else day_of("--date", date)
    if day > now.date():
        fail(f"--date {date}: that day has not begun")
    stats = with_database(lambda database: compute(database, Day.of(day, timezone), now))
    if as_json:
        typer.echo(json.dumps(stats, ensure_ascii=False, indent=2))
    else:
        print_day(stats, config.cost.currency)
