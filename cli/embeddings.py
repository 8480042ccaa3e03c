"""`callctl embeddings`: the vectors of the knowledge base."""

import json
import sys
from typing import Annotated

import typer

from cli.database import with_database
from cli.errors import clear_errors, fail

app = typer.Typer(no_args_is_help=True, help="Vectors of the knowledge base: build anew, switch, roll back.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
SetId = Annotated[int, typer.Argument(metavar="ID", help="As `callctl embeddings sets` shows it.")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which set is searched, whether it is what the settings ask for, and what it lacks.

    Exits with 1 where a reindex is due.

    Example: callctl embeddings status --json
    """
    from cli.embeddings_report import print_status, status_of
    from engine.config import Config
    from engine.knowledge.embeddings.providers import wanted
    from engine.knowledge.embeddings.reindex import plan

    with clear_errors():
        asked = wanted(Config.from_env())
    planned = with_database(lambda database: plan(database, asked))
    if as_json:
        typer.echo(json.dumps(status_of(planned), indent=2))
    else:
        print_status(planned)
    if planned.needed:
        raise typer.Exit(1)


@app.command("sets")
def sets_command(as_json: AsJson = False) -> None:
    """List the sets: who made each, its state and its size.

    Example: callctl embeddings sets
    """
    from cli.embeddings_report import as_rows, table
    from cli.tables import print_table
    from engine.knowledge.embeddings.sets import sizes

    found = with_database(sizes)
    if as_json:
        typer.echo(json.dumps(as_rows(found), indent=2))
    elif found:
        print_table(table(found))
    else:
        typer.echo("there is no set: callctl embeddings reindex builds one")


@app.command()
def reindex(
    rate: Annotated[float | None, typer.Option(help="Texts a second at most; EMBEDDINGS_RATE by default.")] = None,
    yes: Yes = False,
) -> None:
    """Build a set of vectors as the settings ask for, beside the one that is searched, and switch to it.

    Copies what has not changed. Safe to break off: the next run goes on. Asks before another provider is taken.

    Example: callctl embeddings reindex --rate 10
    """
    if rate is not None and not rate > 0:  # nor is nan
        fail(f"--rate {rate:g}: give a number of texts a second above 0")
    from cli.progress import Progress
    from engine import log
    from engine.config import Config
    from engine.knowledge.embeddings.providers import wanted
    from engine.knowledge.embeddings.reindex import plan
    from engine.knowledge.embeddings.reindex import reindex as build
    from engine.knowledge.embeddings.report import told

    log.configure("WARNING")  # what is tried again; what fails is told in the one line at the end
    with clear_errors():
        config = Config.from_env()
    planned = with_database(lambda database: plan(database, wanted(config)))
    if planned.active is not None and planned.active.made != planned.wanted:
        _ask(f"Have {planned.to_embed} chunks embedded by {planned.wanted} in place of {planned.active.made}?", yes)
    with Progress() as bar:
        done = with_database(lambda database: build(config, database, rate=rate, progress=bar.moved))
    typer.echo(told(done))


@app.command()
def activate(set_id: SetId, yes: Yes = False) -> None:
    """Search another set that is ready, at once: to roll back, say.

    Asks first where nobody here can embed questions for it: they would be searched by words alone.

    Example: callctl embeddings activate 3
    """
    from engine.config import Config
    from engine.knowledge.embeddings.queries import why_unusable
    from engine.knowledge.embeddings.sets import activate as switch
    from engine.knowledge.embeddings.sets import count_missing, find

    with clear_errors():
        config = Config.from_env()
    asked = with_database(lambda database: find(database, set_id))
    if asked.state == "ready" and (why := with_database(lambda database: why_unusable(config, asked.made))):
        typer.echo(f"nobody here can embed questions for set {set_id}, {asked.made}: {why}", err=True)
        _ask(f"Search set {set_id} all the same, by words alone?", yes)
    chosen = with_database(lambda database: switch(database, set_id))
    missing = with_database(lambda database: count_missing(database, chosen))
    typer.echo(f"set {set_id}, {chosen.made}, is active")
    if missing:
        typer.echo(f"{missing} chunks have no vector in it and are found by their words: callctl embeddings reindex")


@app.command()
def drop(set_id: SetId, yes: Yes = False) -> None:
    """Remove a set that is not searched, and its vectors.

    Example: callctl embeddings drop 2 --yes
    """
    from engine.knowledge.embeddings.reindex import drop_set

    _ask(f"Remove set {set_id} for good?", yes)
    with_database(lambda database: drop_set(database, set_id))
    typer.echo(f"removed set {set_id}")


def _ask(question: str, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        fail(f"nobody is there to ask: {question} Say --yes")
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)
