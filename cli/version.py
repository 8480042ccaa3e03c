"""`callctl version`: which build this is."""

import json
from typing import Annotated

import typer


def version(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print the version, Python, commit and schema of this build.

    Example: callctl version --json
    """
    from engine import release
    from sql import MIGRATIONS

    found = {
        "version": release.version(),
        "python": release.python(),
        "commit": release.commit(),
        "schema": max(path.stem for path in MIGRATIONS.glob("*.sql")),
    }
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        typer.echo(f"{name:<8} {value or 'unknown'}")
