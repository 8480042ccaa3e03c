"""How callers look in a terminal: a list, one with his calls, or all there is of him as indented lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from cli.tables import print_table

_NOTHING: Final = "–"


def print_customers(customers: Sequence[Mapping[str, Any]]) -> None:
    table = Table("phone", "name", "calls", "first call", "last call", box=None)
    for each in customers:
        table.add_row(each["phone"], escape(each["name"] or _NOTHING), str(each["calls"]),
                      _minute(each["first_call_at"]), _minute(each["last_call_at"]))  # fmt: skip
    print_table(table)


def print_customer(known: Mapping[str, Any]) -> None:
    for line in _lines(known["customer"]):
        typer.echo(line)
    for name in ("store_actions", "callback_requests"):
        typer.echo(f"{name}: {len(known[name])}")
    table = Table("call", "started", "outcome", "scenario", box=None)
    for call in known["calls"]:
        table.add_row(str(call["id"]), _minute(call["started_at"]), call["outcome"] or "open",
                      call["scenario"] or _NOTHING)  # fmt: skip
    print_table(table)


def print_export(everything: Mapping[str, Any]) -> None:
    for line in _lines(everything):
        typer.echo(line)


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """`key: value`, what is inside another two blanks to the right; what is empty is left out."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value, 1)
    for key, inner in pairs:
        if isinstance(inner, Mapping | list):
            if inner:
                yield f"{indent}{key}:"
                yield from _lines(inner, indent + "  ")
        elif inner is not None:
            yield f"{indent}{key}: {inner}"


def _minute(moment: object) -> str:
    """In UTC; text where it was masked."""
    return _NOTHING if moment is None else str(moment)[:16]
