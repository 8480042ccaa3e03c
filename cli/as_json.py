"""What `--json` prints: times in ISO 8601, as the API has them; what JSON has no word for as text."""

import json
from datetime import date, datetime

import typer


def to_json(value: object) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def print_json(value: object) -> None:
    typer.echo(to_json(value))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
