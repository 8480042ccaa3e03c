"""`callctl knowledge`: the shop's articles, and what questions find in them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.access import noting
from cli.as_json import print_json
from cli.database import with_database
from cli.errors import clear_errors, fail

if TYPE_CHECKING:
    from engine.database import Database
    from engine.knowledge.articles import Reading
    from engine.knowledge.shelf import Change

app = typer.Typer(no_args_is_help=True, help="The shop's articles: load, list, show, search, evaluate.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_WRONG = 1


@app.command("load")
def load_command(
    directory: Annotated[Path | None, typer.Argument(help="Markdown files; by default KNOWLEDGE_DIRECTORY.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also update and remove what was written in the console or over the API.")
    ] = False,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Only where there are no articles yet.")] = False,
    as_json: Json = False,
) -> None:
    """Make the knowledge base hold the articles of a directory: new ones are added, changed ones updated, others
    removed.

    What was written or edited in the console or over the API is left as it is, and named (`kept`), until its file says
    the same; --replace overrules it. A file that is no article is named and left out (what it was before stays), and
    the exit code is 1. Safe to repeat.

    Example: callctl knowledge load articles/
    """
    from cli.knowledge_report import print_changes
    from engine.config import Config
    from engine.knowledge.articles import read_directory

    with clear_errors():
        folder = directory or Config.from_env().knowledge.directory
        if folder is None:
            fail("which articles? give a directory, or set KNOWLEDGE_DIRECTORY")
        reading = read_directory(folder)
    how = " --replace" if replace else " --if-empty" if if_empty else ""

    async def work(database: "Database") -> "list[Change] | None":
        return await _load(database, reading, replace=replace, if_empty=if_empty)

    changes = with_database(noting("articles.load", f"{folder}{how}", work))
    if changes is None and not as_json:
        typer.echo("there are articles already: nothing was loaded")
        return
    print_changes(changes or [], reading.broken, as_json)
    if reading.broken:
        raise typer.Exit(_WRONG)


async def _load(database: "Database", reading: "Reading", *, replace: bool, if_empty: bool) -> "list[Change] | None":
    """None: they were to be loaded into an empty knowledge base, and it is not."""
    from engine.knowledge.loading import fill, load_alone

    if if_empty:
        return await fill(database, reading)
    changes = await load_alone(database, reading, replace=replace)
    if changes is None:
        fail("articles are being changed by another: try again when it is done")
    return changes


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the articles.

    Example: callctl knowledge list --json
    """
    from cli.knowledge_report import article_table
    from cli.tables import print_table
    from engine.knowledge.shelf import listed

    articles = with_database(listed)
    if as_json:
        print_json([asdict(each) for each in articles])
    elif articles:
        print_table(article_table(articles))
    else:
        typer.echo("there is no article: callctl knowledge load DIR brings some")


@app.command("show")
def show_command(
    article: Annotated[str, typer.Argument(help="Its number or path, as `knowledge list` has them.")],
    as_json: Json = False,
) -> None:
    """Show an article and how it is cut.

    Example: callctl knowledge show delivery.md
    """
    from cli.knowledge_report import print_article
    from engine.knowledge.shelf import find

    found = with_database(lambda database: find(database, article))
    if found is None:
        fail(f"there is no article {article!r}; `callctl knowledge list` lists them")
    row, chunks = found
    if as_json:
        print_json({**row, "chunks": [asdict(chunk) for chunk in chunks]})
    else:
        print_article(row, chunks)


@app.command("search")
def search_command(
    question: Annotated[str, typer.Argument(help="As a caller would ask it.")],
    category: Annotated[str | None, typer.Option(help="Preferred where others are as good.")] = None,
    explain: Annotated[bool, typer.Option(help="All that was considered, with the figures.")] = False,
    as_json: Json = False,
) -> None:
    """Search as the bot does.

    Exits with 1 if nothing answers.

    Example: callctl knowledge search "скільки коштує доставка" --explain
    """
    from cli.knowledge_report import explained, print_explained, print_passages
    from cli.knowledge_search import ranked
    from engine.knowledge.articles import CATEGORIES
    from engine.knowledge.search import given

    if category is not None and category not in CATEGORIES:
        fail(f"--category {category}: give one of {', '.join(CATEGORIES)}")
    found = ranked(question, category)
    passages = given(found)
    if as_json:
        print_json([explained(each, each in passages) for each in (found if explain else passages)])
    elif explain:
        print_explained(found, passages)
    else:
        print_passages(passages)
    if not passages:
        raise typer.Exit(_WRONG)


@app.command("eval")
def eval_command(
    questions: Annotated[
        Path | None, typer.Argument(help="A TOML file; by default those of the sample articles.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask many questions whose articles are known, and tell how many were found and which were not.

    Exits with 1 if fewer than 92 % are among the first three.

    Example: callctl knowledge eval questions.toml
    """
    from cli.knowledge_report import evaluated, print_evaluation
    from cli.knowledge_search import evaluate
    from engine.knowledge.evaluation import BAR, read_questions, recalls
    from ops.seed.questions import QUESTIONS

    with clear_errors():
        wanted = read_questions(questions or QUESTIONS)
    asked = evaluate(wanted)
    if as_json:
        print_json(evaluated(asked))
    else:
        print_evaluation(asked)
    if recalls(asked)[-1].recall < BAR:
        raise typer.Exit(_WRONG)
