"""`callctl scheduler`: do what is to be done by the clock."""

from typing import Annotated

import typer

from cli.errors import INTERRUPTED, clear_errors
from cli.installation import NO_DATABASE, in_force

app = typer.Typer(no_args_is_help=True, help="The scheduler, which starts the jobs.")


@app.command()
def run(
    metrics_port: Annotated[
        int | None, typer.Option(help="Port for metrics; SCHEDULER_METRICS_PORT.", min=0, max=65535)
    ] = None,
    stop_seconds: Annotated[
        float | None, typer.Option(help="How long jobs may go on after SIGTERM; SCHEDULER_STOP_SECONDS.", min=0)
    ] = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="Log lines for people instead of JSON.")] = False,
) -> None:
    """Start each job when it is due, until SIGTERM or Ctrl-C.

    Then the jobs in progress may end; a second signal ends them at once. Of several schedulers on one database one
    starts jobs, the others wait to take its place.

    Example: callctl scheduler run --pretty
    """
    from datetime import UTC, datetime
    from functools import partial

    import trio

    from cli.scheduling import run as run_scheduler
    from engine import log
    from engine.errors import ConfigError
    from ops.jobs.table import JOBS

    given = {"metrics_port": metrics_port, "stop_seconds": stop_seconds}
    with clear_errors():
        config = in_force({"scheduler": {name: value for name, value in given.items() if value is not None}})
        if not config.database.url.get_secret_value():
            raise ConfigError(NO_DATABASE)
        log.configure(config.log.level, json=not pretty)
        if trio.run(run_scheduler, config, list(JOBS.values()), partial(datetime.now, UTC)):
            raise typer.Exit(INTERRUPTED)
