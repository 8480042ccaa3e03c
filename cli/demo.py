"""`callctl demo`: a phone call, from nothing."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import trio
import typer
from rich.console import Console

from cli.errors import clear_errors
from cli.transcript import Transcript
from engine import log
from engine.call.events import CallEvent
from ops.demo.run import DemoResult, DemoWatcher, run_demo


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit 0 only if every step truly happened, else 1.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    record: Annotated[Path | None, typer.Option(help="Write the call as stereo WAV: caller left, bot right.")] = None,
) -> None:
    """Start everything on this machine and hold one call of eight turns. Example: callctl demo --once"""
    console = Console(stderr=as_json)
    transcript = Transcript(console)
    events: list[CallEvent] = []

    def event(event: CallEvent) -> None:
        events.append(event)
        transcript.show(event)

    log.configure("ERROR")
    with clear_errors(), console.status("starting …") as status:

        def progress(part: str) -> None:
            console.print(f"[dim]up: {part}[/dim]")
            if part == "engine":
                status.stop()

        result = trio.run(lambda: run_demo(DemoWatcher(progress, event), record=record))
    if as_json:
        typer.echo(json.dumps(_as_data(result, events), ensure_ascii=False, indent=2, default=str))
    else:
        _print_verdict(console, result)
    if once and not result.ok:
        raise typer.Exit(1)


def _print_verdict(console: Console, result: DemoResult) -> None:
    console.print()
    for name, holds in result.checks.items():
        console.print(f"[green]✓[/green] {name}" if holds else f"[red]✗ {name}[/red]")
    if result.order is not None:
        items = ", ".join(
            f"{item['quantity']} × {item.get('name', item['product_id'])}" for item in result.order["items"]
        )
        console.print(f"\nThe store has order {result.order['order_number']}: {items}; {result.order['total']} UAH.")
    ears = result.hearing
    console.print(
        f"[dim]ready after {result.start_seconds:.1f} s; {ears.frames} frames heard, "
        f"{ears.missing_frames} missing, {ears.checksum_errors} damaged, longest gap {ears.max_gap_ms:.0f} ms[/dim]"
    )


def _as_data(result: DemoResult, events: list[CallEvent]) -> dict[str, Any]:
    return {
        "ok": result.ok,
        "checks": result.checks,
        "events": [{"event": type(event).__name__, **asdict(event)} for event in events],
        "order": result.order,
        "hearing": asdict(result.hearing),
        "start_seconds": round(result.start_seconds, 2),
        "call_seconds": round(result.call_seconds, 2),
    }
