"""What the doctor found, as people and programs read it."""

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from cli.tables import print_table
from ops.doctor.check import Looked

_MARKS: Final = {"ok": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "dim")}


def as_data(looked: Looked) -> dict[str, str | float]:
    finding = looked.finding
    return {
        "name": looked.name, "state": finding.state, "found": finding.text, "remedy": finding.remedy,
        "seconds": round(looked.seconds, 3),
    }  # fmt: skip


def print_found(found: Iterable[Looked]) -> None:
    """A line each, and below what has failed what to do."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for each in found:
        mark, style = _MARKS[each.finding.state]
        table.add_row(Text(mark, style), each.name, Text(each.finding.text, style))
        if each.finding.remedy:
            table.add_row("", "", Text(f"→ {each.finding.remedy}", "bold"))
    print_table(table)
