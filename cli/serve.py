"""`callctl serve`: answer calls."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import clear_errors

if TYPE_CHECKING:
    from ops.embedded.world import Overrides


def serve(
    host: Annotated[str | None, typer.Option(help="Listen for AudioSocket here; AUDIOSOCKET_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port of that; AUDIOSOCKET_PORT.", min=0, max=65535)] = None,
    http_port: Annotated[
        int | None, typer.Option(help="Port for health and the dialplan; HTTP_PORT.", min=0, max=65535)
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port for metrics; HTTP_METRICS_PORT.", min=0, max=65535)
    ] = None,
    drain_seconds: Annotated[
        float | None, typer.Option(help="How long calls may finish after SIGTERM; CALL_DRAIN_SECONDS.", min=0)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Engines on the same ports, one a core, kept alive by a supervisor.", min=1, max=64),
    ] = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="Log lines for people instead of JSON.")] = False,
) -> None:
    """Answer calls until SIGTERM or Ctrl-C.

    Then those in progress may end; a second signal ends them at once. With nothing configured it starts everything it
    needs on this machine, and says so. With --workers an engine that dies or hangs is replaced, the metrics are those
    of all, and CALL_MAX_CALLS is what each may take; without, calls are answered in this process.

    Example: callctl serve --workers 2
    """
    from functools import partial

    import trio

    from cli.serving import run
    from engine import log
    from engine.config import Config

    flags: Overrides = {
        "audiosocket": _given(host=host, port=port),
        "http": _given(port=http_port, metrics_port=metrics_port),
        "call": _given(drain_seconds=drain_seconds),
    }
    with clear_errors():
        config = Config.from_env(flags)
        log.configure(config.log.level, json=not pretty)
        if status := trio.run(partial(run, flags, workers=workers, pretty=pretty)):
            raise typer.Exit(status)


def _given(**options: str | float | None) -> "dict[str, str | float]":
    return {name: value for name, value in options.items() if value is not None}
