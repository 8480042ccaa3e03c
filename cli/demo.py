"""`callctl demo`: a phone call, from nothing."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import clear_errors, fail


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit 0 only if every step truly happened, else 1.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    record: Annotated[Path | None, typer.Option(help="Write the call as stereo WAV: caller left, bot right.")] = None,
) -> None:
    """Start everything here and hold one call of eight turns.

    Example: callctl demo --once
    """
    if record is not None and not record.absolute().parent.is_dir():
        fail(f"--record {record}: there is no such folder")

    import trio
    from rich.console import Console

    from cli.demo_report import as_json as as_json_text
    from cli.demo_report import print_verdict, watch
    from engine import log
    from ops.demo.run import run_demo

    console = Console(stderr=as_json, highlight=False)
    log.configure("ERROR")
    with clear_errors(), watch(console) as (watcher, events):
        result = trio.run(lambda: run_demo(watcher, record=record))
    if as_json:
        typer.echo(as_json_text(result, events))
    else:
        print_verdict(console, result)
    if once and not result.ok:
        raise typer.Exit(1)
