"""How call-backs look in a terminal: one line each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from cli.tables import print_table

_NOTHING = "–"


def print_callbacks(requests: Sequence[Mapping[str, Any]], timezone: ZoneInfo) -> None:
    table = Table("request", "asked", "phone", "name", "when", "about", "done", box=None)
    for request in requests:
        done = f"{_time(request['done_at'], timezone)} {request['done_by']}" if request["done_at"] else "waits"
        texts = (request["phone"], request["name"], request["preferred_time"], request["note"])
        table.add_row(
            str(request["id"]), _time(request["created_at"], timezone),
            *(escape(text) if text else _NOTHING for text in texts), done,
        )  # fmt: skip
    print_table(table)


def _time(value: Any, timezone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(str(value)).astimezone(timezone):%Y-%m-%d %H:%M}"
