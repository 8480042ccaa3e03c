"""How a listing is printed: as wide as the terminal; whole, one line a row, for a program that reads it."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 240


def print_table(table: "Table") -> None:
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDE).print(table)


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}"
