"""How the verdict on a call looks in a terminal and as data."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engine.dialogue.judge import CRITERIA

_BAR: Final = 20
"""Characters of a full score."""


def verdict_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """`scores` is empty and `error` says why where no verdict could be had."""
    found = call["quality"] or {}
    return {
        "id": call["id"], "evaluated_at": call["evaluated_at"], "score": call["quality_score"],
        "scores": {name: found[name] for name in CRITERIA if name in found}, "note": found.get("note", ""),
        "error": found.get("error", ""),
        "cost": sum(each["cost"] for each in call["model_requests"] if each["purpose"] == "quality"),
    }  # fmt: skip


def print_verdict(verdict: Mapping[str, Any]) -> None:
    console = Console(highlight=False)
    if verdict["error"]:
        console.print(f"no verdict could be read: {escape(verdict['error'])}")
        return
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, score in verdict["scores"].items():
        table.add_row(name.replace("_", " "), f"{score:.2f}", "█" * round(_BAR * score))
    table.add_row("mean", f"{verdict['score']:.2f}", "", style="bold")
    console.print(table)
    console.print(escape(verdict["note"]))
