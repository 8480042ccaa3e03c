"""The shop's articles: listed, read, written, tried with a question."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import trio
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import Response

from engine.access.identity import Role
from engine.database import Row
from engine.errors import DatabaseError
from engine.knowledge.articles import CATEGORIES, Article, NoArticle
from engine.knowledge.editing import Refused, put, remove, tag_of, written
from engine.knowledge.shelf import Change, find, listed
from engine.web.api.answers import missing
from engine.web.console.visit import PREFIX, Entry, Visit

_LONGEST_QUESTION: Final = 500
_LONGEST_TEXT: Final = 100_000
_FIELDS: Final = ("title", "category", "language", "valid_until", "text")
_EMPTY: Final[Mapping[str, str]] = {"category": "general", "language": "uk"}
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
"""Without HTML of the article's own."""


async def every(visit: Visit) -> Response:
    question = visit.request.query_params.get("q", "").strip()[:_LONGEST_QUESTION]
    found, failed = [], False
    if question:
        try:
            found = list(await visit.backend.knowledge.search(question))
        except DatabaseError:
            failed = True
    articles = await listed(visit.backend.database)
    return await visit.page("knowledge.html", articles=articles, question=question, found=found, failed=failed)


async def one(visit: Visit) -> Response:
    row, chunks = await _read(visit)
    return await visit.page("article.html", article=row, chunks=chunks, body=await _rendered(row["text"]))


async def edit(visit: Visit) -> Response:
    row, _ = await _read(visit)
    given = {name: str(row[name] or "") for name in _FIELDS}
    return await _editor(visit, given, path=row["path"], tag=tag_of(row["content_hash"]))


async def new(visit: Visit) -> Response:
    return await _editor(visit, {name: _EMPTY.get(name, "") for name in _FIELDS})


async def create(visit: Visit) -> Response:
    """Saved; or, by another button, shown as it would look."""
    return await _save(visit, visit.form.get("path", "").strip(), None)


async def change(visit: Visit) -> Response:
    row, _ = await _read(visit)
    return await _save(visit, row["path"], visit.form.get("tag", ""))


async def take_away(visit: Visit) -> Response:
    row, _ = await _read(visit)
    done = await remove(visit.backend.config.database, row["path"], visit.form.get("tag", ""))
    if isinstance(done, Refused):
        return visit.go(f"{PREFIX}/knowledge/{row['id']}", _reason(done))
    visit.backend.articles_changed()
    return visit.go(f"{PREFIX}/knowledge", "article_removed")


async def _save(visit: Visit, path: str, tag: str | None) -> Response:
    given = {name: visit.form.get(name, "").strip() for name in _FIELDS}
    try:
        article = _article(path, given)
    except NoArticle as error:
        wrong = visit.words(f"knowledge.wrong_{error.field or 'title'}")
        return await _editor(visit, given, path=path, tag=tag, wrong=wrong)
    if "preview" in visit.form:
        return await _editor(visit, given, path=path, tag=tag, preview=await _rendered(given["text"]))
    await visit.backend.guard.note(visit.request, visit.identity, "articles.write", path)
    done = await put(visit.backend.config.database, article, tag)
    if isinstance(done, Refused):
        return await _editor(visit, given, path=path, tag=tag, wrong=visit.words(f"notice.{_reason(done)}"))
    return await _saved(visit, done)


async def _saved(visit: Visit, done: Change) -> Response:
    visit.backend.articles_changed()
    found = await find(visit.backend.database, done.path)
    number = found[0]["id"] if found else ""
    return visit.go(f"{PREFIX}/knowledge/{number}", "article_saved")


async def _editor(
    visit: Visit, given: Mapping[str, str], *, path: str = "", tag: str | None = None, wrong: str = "",
    preview: Markup | None = None,
) -> Response:  # fmt: skip
    number = visit.request.path_params.get("number")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return await visit.page(
        "article_edit.html", status, given=given, path=path, tag=tag, wrong=wrong, preview=preview,
        categories=CATEGORIES, number=number,
    )  # fmt: skip


def _article(path: str, given: Mapping[str, str]) -> Article:
    """Raises `NoArticle`, whose field is one of the form."""
    if len(given["text"]) > _LONGEST_TEXT:
        raise NoArticle("text", f"at most {_LONGEST_TEXT} characters")
    if quote(path) != path or not path.endswith(".md") or path.startswith(("/", ".")) or ".." in path:
        raise NoArticle("path", "small Latin letters, digits, - and _, and .md at the end")
    return written(
        path, given["title"], given["category"], given["text"], given["language"], given["valid_until"]
    )  # fmt: skip


def _reason(refused: Refused) -> str:
    return "article_busy" if refused.busy else "article_changed"


async def _rendered(text: str) -> Markup:
    """Safe: the parser escapes what is HTML, and takes no address of a script for a link."""
    return Markup(await trio.to_thread.run_sync(_MARKDOWN.render, text))


async def _read(visit: Visit) -> tuple[Row, list[Any]]:
    number: str = visit.request.path_params["number"]
    found = await find(visit.backend.database, number) if number.isdecimal() else None
    if found is None:
        raise missing("article")
    row, chunks = found
    return {**row, "tag": tag_of(row["content_hash"])}, list(chunks)


ENTRIES: Final = (
    Entry("/knowledge", every),
    Entry("/knowledge/new", new, Role.SUPERVISOR),
    Entry("/knowledge/new", create, Role.SUPERVISOR, method="POST"),
    Entry("/knowledge/{number}", one),
    Entry("/knowledge/{number}/edit", edit, Role.SUPERVISOR),
    Entry("/knowledge/{number}/edit", change, Role.SUPERVISOR, method="POST"),
    Entry("/knowledge/{number}/remove", take_away, Role.SUPERVISOR, "articles.write", "POST"),
)
