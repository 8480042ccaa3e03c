"""How the statistics of a day look in a terminal: the figures as a table, what is distributed as bars."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_BAR: Final = 40
"""Characters of the longest bar."""
_NOTHING: Final = "–"


def print_day(stats: Mapping[str, Any], currency: str) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{stats['day']}[/bold] ({stats['timezone']})")
    figures = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _figures(stats, currency):
        figures.add_row(name, value)
    console.print(figures)
    for title, counts in _distributions(stats):
        if any(counts.values()):
            console.print(f"\n[bold]{title}[/bold]")
            console.print(_bars(counts))


def _figures(stats: Mapping[str, Any], currency: str) -> list[tuple[str, str]]:
    calls, duration, answer = stats["calls"], stats["duration_s"], stats["answer_ms"]
    quality, cost = stats["quality"], stats["cost"]
    return [
        ("calls", str(calls) + (f", {stats['open']} without an end" if stats["open"] else "")),
        ("resolved by the bot", _share(stats["resolved_by_bot"], calls)),
        ("transferred", _share(stats["transferred"], calls)),
        ("length", f"mean {_seconds(duration['mean'])}, p50 {_seconds(duration['p50'])}, "
                   f"p95 {_seconds(duration['p95'])}"),
        ("answer after", f"p50 {_milliseconds(answer['p50'])}, p95 {_milliseconds(answer['p95'])} "
                         f"({answer['answers']} answers)"),
        ("quality", f"{_NOTHING if quality['mean'] is None else format(quality['mean'], '.2f')} "
                    f"({quality['evaluated']} evaluated)"),
        ("cost", f"{cost['total']:.4f} {currency}: {_parts(cost)}"),
        ("a call costs", _NOTHING if cost["per_call"] is None else f"{cost['per_call']:.4f} {currency}"),
    ]  # fmt: skip


def _distributions(stats: Mapping[str, Any]) -> list[tuple[str, Mapping[str, int]]]:
    hours = {f"{hour:02}": count for hour, count in enumerate(stats["hourly"])}
    busy = [hour for hour, count in hours.items() if count]
    return [
        ("by hour", {hour: n for hour, n in hours.items() if busy and busy[0] <= hour <= busy[-1]}),
        ("outcomes", _sorted(stats["outcomes"])),
        ("reasons of transfers", _sorted(stats["transfer_reasons"])),
        ("scenarios", _sorted(stats["scenarios"])),
        ("languages", _sorted(stats["languages"])),
    ]


def _bars(counts: Mapping[str, int]) -> Table:
    most = max(counts.values())
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="cyan", no_wrap=True)
    for name, count in counts.items():
        table.add_row(escape(name), str(count), "█" * round(_BAR * count / most))
    return table


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _parts(cost: Mapping[str, Any]) -> str:
    """Speech, voice, the model's tokens together, the judge."""
    parts = cost["parts"]
    model = sum(value for name, value in parts.items() if name.startswith("model_"))
    shown = {"speech": parts["speech"], "voice": parts["voice"], "model": model, "quality": cost["quality"]}
    return ", ".join(f"{name} {value:.4f}" for name, value in shown.items())


def _share(count: int, calls: int) -> str:
    return f"{count} ({count / calls:.0%})" if calls else str(count)


def _seconds(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.0f} s"


def _milliseconds(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.0f} ms"
