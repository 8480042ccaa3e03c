"""The sets of embeddings as people and programs read them."""

from collections.abc import Mapping
from typing import Any

import typer
from rich.table import Table

from cli.tables import megabytes
from engine.knowledge.embeddings.reindex import Plan
from engine.knowledge.embeddings.sets import EmbeddingSet, Size

_TIME = "%Y-%m-%d %H:%M"


def status_of(planned: Plan) -> dict[str, Any]:
    return {
        "configured": str(planned.wanted),
        "active": _row(planned.active) if planned.active else None,
        "alike": planned.alike,
        "chunks": planned.chunks,
        "to_embed": planned.to_embed,
        "stale": planned.stale,
        "resumes": planned.resumes.id if planned.resumes else None,
        "reindex_due": planned.needed,
    }


def print_status(planned: Plan) -> None:
    active = planned.active
    typer.echo(f"settings   {planned.wanted}")
    typer.echo(f"searched   {f'set {active.id}, {active.made}' if active else 'nothing: words alone'}")
    typer.echo(f"chunks     {planned.chunks}, {planned.to_embed} of them to embed")
    if planned.stale:
        typer.echo(f"stale      {planned.stale} vectors of chunks that are gone")
    if planned.resumes:
        typer.echo(f"unfinished set {planned.resumes.id}")
    if planned.needed:
        typer.echo("to be mended by callctl embeddings reindex")
    elif not planned.chunks:
        typer.echo("no article is loaded: callctl knowledge load DIR")


def as_rows(sizes: Mapping[EmbeddingSet, Size]) -> list[dict[str, Any]]:
    return [_row(each) | {"vectors": size.vectors, "bytes": size.bytes} for each, size in sizes.items()]


def table(sizes: Mapping[EmbeddingSet, Size]) -> Table:
    table = Table(
        "id", "state", "provider", "model", "dimensions", "vectors", "MB", "created", "active since", box=None
    )
    for each, size in sizes.items():
        since = f"{each.activated_at:{_TIME}}" if each.activated_at and each.state == "active" else ""
        table.add_row(
            str(each.id), each.state, each.made.provider, each.made.model, str(each.made.dimensions),
            str(size.vectors), megabytes(size.bytes), f"{each.created_at:{_TIME}}", since,
        )  # fmt: skip
    return table


def _row(each: EmbeddingSet) -> dict[str, Any]:
    return {
        "id": each.id, "state": each.state, "provider": each.made.provider, "model": each.made.model,
        "dimensions": each.made.dimensions, "created_at": each.created_at.isoformat(),
        "activated_at": each.activated_at.isoformat() if each.activated_at else None,
    }  # fmt: skip
