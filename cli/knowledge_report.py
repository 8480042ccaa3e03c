"""What the commands over the knowledge base print."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.tables import print_table
from engine.knowledge.articles import Broken
from engine.knowledge.chunking import Chunk
from engine.knowledge.evaluation import Asked, recalls
from engine.knowledge.ranking import Ranked
from engine.knowledge.shelf import Change, Shelved

_EXPLAINED = 12
"""Articles at least: the first."""


def print_changes(changes: Sequence[Change], broken: Sequence[Broken], as_json: bool) -> None:
    """Each article that changed, each file left out on stderr, and the sum."""
    counts = Counter[str](change.verb for change in changes)
    if as_json:
        changed = [asdict(change) for change in changes if change.verb != "unchanged"]
        typer.echo(json.dumps(
            {"changes": changed, "counts": counts, "broken": [asdict(each) for each in broken]}, ensure_ascii=False
        ))  # fmt: skip
        return
    for change in changes:
        if change.verb != "unchanged":
            typer.echo(f"{change.verb} {change.path}")
    for each in broken:
        typer.echo(f"left out {each.path}: {each.reason}", err=True)
    typer.echo(", ".join(f"{counts[verb]} {verb}" for verb in ("added", "updated", "removed", "unchanged")))
    if counts["kept"]:
        typer.echo(f"{counts['kept']} kept as written in the console: --replace takes the directory's instead")
    if counts["added"] or counts["updated"]:
        typer.echo("found by their words from now on; for their vectors: callctl embeddings reindex")


def article_table(articles: Sequence[Shelved]) -> Table:
    table = Table("id", "path", "category", "language", "valid until", "origin", "chunks", "title", box=None)
    for each in articles:
        until = each.valid_until.isoformat() if each.valid_until else ""
        table.add_row(str(each.id), escape(each.path), each.category, each.language, until, each.origin,
                      str(each.chunks), escape(each.title))  # fmt: skip
    return table


def print_article(article: Mapping[str, Any], chunks: Sequence[Chunk]) -> None:
    """Its fields, its chunks."""
    for field in ("id", "path", "title", "category", "language", "valid_until", "origin", "loaded_at"):
        typer.echo(f"{field}: {'' if article[field] is None else article[field]}")
    for n, chunk in enumerate(chunks, 1):
        typer.echo(f"\n[{n}/{len(chunks)}] {chunk.heading}\n{chunk.text}")


def explained(ranked: Ranked, given: bool) -> dict[str, Any]:
    """For JSON. `given`: the bot would be given it; others may answer too."""
    found = asdict(ranked.found)
    del found["chunk_id"]
    return {**found, **{name: value for name, value in asdict(ranked).items() if name != "found"}, "given": given}


def print_explained(ranked: Sequence[Ranked], given: Sequence[Ranked]) -> None:
    """The figures of what was considered; marked: what the bot would be given, and what answers too but is too many."""
    table = Table("", "words", "similarity", "fused", "category", "article", box=None)
    for n, each in enumerate(ranked):
        if n >= _EXPLAINED and each not in given:
            continue
        mark = "✓" if each in given else "·" if each.answers else ""
        similarity = "" if each.similarity is None else f"{each.similarity:.3f}"
        table.add_row(mark, f"{each.words:.2f}", similarity, f"{each.score:.4f}",
                      each.found.category, escape(f"{each.found.path}: {each.found.heading}"))  # fmt: skip
    print_table(table)


def print_passages(given: Sequence[Ranked]) -> None:
    """What the bot would be given."""
    console = Console(highlight=False)
    passages = [each.found for each in given]
    for found in passages:
        console.print(f"[bold]{escape(found.heading)}[/bold] ({escape(found.path)})\n{escape(found.text)}\n")
    if not passages:
        typer.echo("nothing found")


def evaluated(asked: Sequence[Asked]) -> dict[str, Any]:
    """For JSON."""
    return {
        "recalls": [{**asdict(each), "recall": round(each.recall, 4)} for each in recalls(asked)],
        "failures": [{**asdict(each.question), "found": each.found} for each in asked if not each.right],
    }


def print_evaluation(asked: Sequence[Asked]) -> None:
    """The failures, then the figures."""
    for each in asked:
        if not each.right:
            wanted, found = each.question.article or "nothing", ", ".join(each.found) or "nothing"
            typer.echo(f"[{each.question.kind}] {each.question.text}\n    wanted {wanted}, found {found}")
    table = Table("questions", "answered by an article", "among the first 3", "recall@3", "first", "by none",
                  "found none", box=None)  # fmt: skip
    for row in recalls(asked):
        table.add_row(row.kind, str(row.questions), str(row.found), f"{row.recall:.3f}", str(row.first),
                      str(row.nothing), str(row.nothing_found))  # fmt: skip
    print_table(table)
