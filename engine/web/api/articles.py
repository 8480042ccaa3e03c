"""The shop's articles: read, written, taken away, and searched as the bot does."""

from dataclasses import asdict
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.access.identity import Identity, Role
from engine.database import Row
from engine.knowledge.articles import Article, Category
from engine.knowledge.editing import Refused, put, remove, tag_of, written
from engine.knowledge.shelf import Change, find, listed
from engine.web.api.answers import changed_meanwhile, encoded, expected_tag, missing, plain, tagged
from engine.web.api.backend import Backend
from engine.web.api.parameters import IfMatch, Line, Text
from engine.web.problems import Problem

Number = Annotated[int, Path(ge=1, le=2**62)]


class Content(BaseModel):
    title: Line
    category: Category
    text: Text
    """Markdown, without the front matter."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "uk"
    valid_until: date | None = None
    """Its last day."""


class NewArticle(Content):
    path: Annotated[str, Field(max_length=120, pattern=r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.md$")]
    """As of a file: `delivery.md`."""


class Head(BaseModel):
    id: int
    path: str
    title: str
    category: str
    language: str
    valid_until: date | None
    loaded_at: AwareDatetime
    origin: Literal["file", "console"]
    """Who keeps it: what was saved here or in the console, `callctl knowledge load` leaves alone."""


class Shelved(Head):
    chunks: int
    """How many."""


class Articles(BaseModel):
    articles: list[Shelved]


class WholeArticle(Head):
    text: str
    chunks: list[dict[str, str]]
    """`heading` and `text` of each."""


class Passages(BaseModel):
    passages: list[dict[str, Any]]
    """At most three, the best first: `source`, `title`, `text`."""


def article_routes(backend: Backend) -> APIRouter:
    """`/knowledge`."""
    routes = APIRouter(prefix="/knowledge", tags=["knowledge"])
    viewer = backend.guard.requires(Role.VIEWER)

    @routes.get("/articles", response_model=Articles)
    async def every(_who: Annotated[Identity, Depends(viewer)]) -> Response:
        """All of them, without their texts, by path."""
        found = [asdict(each) for each in await listed(backend.database)]
        return Response(encoded({"articles": found}), media_type="application/json")

    @routes.get("/articles/{number}", response_model=WholeArticle)
    async def one(request: Request, _who: Annotated[Identity, Depends(viewer)], number: Number) -> Response:
        """One, with its text and how it is cut."""
        row, body = await _read(backend, number)
        return tagged(request, encoded(body), tag_of(row["content_hash"]))

    @routes.get("/search", response_model=Passages)
    async def search(
        _who: Annotated[Identity, Depends(viewer)],
        question: Annotated[str, Query(alias="q", min_length=1, max_length=500, description="As a caller would ask.")],
        category: Annotated[str | None, Query(max_length=30, description="Preferred where others are as good.")] = None,
    ) -> Response:
        """What the bot would be given."""
        found = await backend.knowledge.search(question, category)
        body = [{"source": each.source, "title": each.title, "text": each.text} for each in found]
        return Response(encoded({"passages": body}), media_type="application/json")

    _add_changes(routes, backend)
    return routes


def _add_changes(routes: APIRouter, backend: Backend) -> None:
    creates = backend.guard.requires(Role.SUPERVISOR)
    writes = backend.guard.requires(Role.SUPERVISOR, "articles.write")

    @routes.post("/articles", response_model=WholeArticle, status_code=HTTPStatus.CREATED)
    async def create(request: Request, who: Annotated[Identity, Depends(creates)], given: NewArticle) -> Response:
        """A new one. It is found by its words at once, by its meaning within a minute."""
        article = _article(given.path, given)
        await backend.guard.note(request, who, "articles.write", given.path)
        done = await put(backend.config.database, article, None)
        _refuse(done, Problem(HTTPStatus.CONFLICT, "There is an article of this path."))
        return await _changed(backend, given.path, HTTPStatus.CREATED)

    @routes.put("/articles/{number}", response_model=WholeArticle)
    async def change(
        _who: Annotated[Identity, Depends(writes)], number: Number, given: Content, if_match: IfMatch = None
    ) -> Response:
        """Another content. `If-Match`: the ETag of the one that was read."""
        row, _ = await _read(backend, number)
        expected = expected_tag(if_match, tag_of(row["content_hash"]))
        _refuse(await put(backend.config.database, _article(row["path"], given), expected), changed_meanwhile())
        return await _changed(backend, row["path"], HTTPStatus.OK)

    @routes.delete("/articles/{number}", status_code=HTTPStatus.NO_CONTENT)
    async def take_away(
        _who: Annotated[Identity, Depends(writes)], number: Number, if_match: IfMatch = None
    ) -> Response:
        """`If-Match`: the ETag of the one that was read."""
        row, _ = await _read(backend, number)
        expected = expected_tag(if_match, tag_of(row["content_hash"]))
        _refuse(await remove(backend.config.database, row["path"], expected), changed_meanwhile())
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _article(path: str, given: Content) -> Article:
    try:
        return written(path, given.title, given.category, given.text, given.language, given.valid_until)
    except ValueError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.") from error


def _refuse(done: Change | Refused, otherwise: Problem) -> None:
    if isinstance(done, Refused):
        busy = Problem(HTTPStatus.CONFLICT, "Articles are being changed by another: try again.")
        raise busy if done.busy else otherwise


async def _changed(backend: Backend, path: str, status: HTTPStatus) -> Response:
    backend.articles_changed()
    row, body = await _read(backend, path)
    return JSONResponse(body, status, headers={"ETag": f'"{tag_of(row["content_hash"])}"'})


async def _read(backend: Backend, key: int | str) -> tuple[Row, dict[str, Any]]:
    found = await find(backend.database, str(key))
    if found is None:
        raise missing("article")
    row, chunks = found
    head = {name: row[name] for name in Head.model_fields}
    cut = [{"heading": chunk.heading, "text": chunk.text} for chunk in chunks]
    return row, plain({**head, "text": row["text"], "chunks": cut})
