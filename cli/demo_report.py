"""How the demo looks while it runs and at its end, for people and as data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console

from cli.as_json import to_json
from cli.transcript import Transcript
from engine.call.events import CallEvent
from ops.demo.run import DemoResult, DemoWatcher


@contextmanager
def watch(console: Console) -> Iterator[tuple[DemoWatcher, list[CallEvent]]]:
    """Shows what starts, then the call as it goes; the events are kept."""
    transcript, events = Transcript(console), list[CallEvent]()
    with console.status("starting …") as status:

        def progress(part: str) -> None:
            console.print(f"[dim]up: {part}[/dim]")
            if part == "engine":
                status.stop()
                console.print()

        def event(event: CallEvent) -> None:
            events.append(event)
            transcript.show(event)

        yield DemoWatcher(progress, event), events


def print_verdict(console: Console, result: DemoResult) -> None:
    """Each check, the store's order, what the caller's ears counted."""
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
        f"[dim]ready after {result.start_seconds:.1f} s; a call of {result.call_seconds:.0f} s; {ears.frames} frames "
        f"heard, {ears.missing_frames} missing, {ears.checksum_errors} damaged, longest gap {ears.max_gap_ms:.0f} ms"
        "[/dim]"
    )


def as_json(result: DemoResult, events: Sequence[CallEvent]) -> str:
    """The same as data."""
    data = {
        "ok": result.ok,
        "checks": result.checks,
        "events": [{"event": type(event).__name__, **asdict(event)} for event in events],
        "order": result.order,
        "hearing": asdict(result.hearing),
        "start_seconds": round(result.start_seconds, 2),
        "call_seconds": round(result.call_seconds, 2),
    }
    return to_json(data)
