"""The model's instructions: versions, and which share of new calls is held under each."""

from http import HTTPStatus
from math import fsum
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.access.identity import Identity, Role
from engine.records.prompt_versions import activate, active, create, find, listed, prompt_version, shares_tag
from engine.web.api.answers import changed_meanwhile, encoded, expected_tag, missing, plain, tagged
from engine.web.api.backend import Backend
from engine.web.api.parameters import IfMatch, Line, Text
from engine.web.problems import Problem

_ID = r"^[0-9a-f]{12}$"
_ROUNDING = 1e-6

VersionId = Annotated[str, Path(pattern=_ID)]
Key = Annotated[str, Field(pattern=_ID)]
Share = Annotated[float, Field(gt=0, le=1)]


class NewPrompt(BaseModel):
    name: Line
    text: Text


class Shares(BaseModel):
    shares: Annotated[dict[Key, Share], Field(max_length=10)]
    """Version -> its share of new calls. What is left of 1 goes to the instructions that come with the program."""


class Prompt(BaseModel):
    id: str
    language: str
    name: str
    created_at: AwareDatetime
    created_by: str | None
    """None: came with the program."""
    share: float


class Tried(Prompt):
    calls: int | None
    """Of the last thirty days, as the next ones."""
    quality_mean: float | None
    cost_mean: float | None
    transferred: int | None


class Prompts(BaseModel):
    prompts: list[Tried]


class WholePrompt(Prompt):
    text: str


def prompt_routes(backend: Backend) -> APIRouter:
    """`/prompts`."""
    routes = APIRouter(tags=["prompts"])
    viewer = backend.guard.requires(Role.VIEWER)
    changes = backend.guard.requires(Role.SUPERVISOR)

    @routes.get("/prompts", response_model=Prompts)
    async def every(_who: Annotated[Identity, Depends(viewer)]) -> Response:
        """All versions, the newest first, with what the calls under each came to."""
        return Response(encoded({"prompts": await listed(backend.database)}), media_type="application/json")

    @routes.post(
        "/prompts", response_model=WholePrompt, status_code=HTTPStatus.CREATED,
        responses={HTTPStatus.OK: {"model": WholePrompt, "description": "It was there."}},
    )  # fmt: skip
    async def write(request: Request, who: Annotated[Identity, Depends(changes)], given: NewPrompt) -> Response:
        """A new version. No call is held under it before it has a share. The same text is the same version: 200."""
        version = prompt_version(backend.config.call.language, given.name, given.text)
        await backend.guard.note(request, who, "prompts.create", version.id)
        is_new = await create(backend.database, version, str(who))
        row = await find(backend.database, version.id)
        return JSONResponse(plain(row), HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    @routes.get("/prompts/active", response_model=Shares)
    async def shares(request: Request, _who: Annotated[Identity, Depends(viewer)]) -> Response:
        """The shares now, with the ETag that a change of them needs."""
        found = {version.id: share for version, share in (await active(backend.database)).items()}
        return tagged(request, encoded({"shares": found}), shares_tag(found))

    @routes.put("/prompts/active", response_model=Shares)
    async def share_out(
        request: Request, who: Annotated[Identity, Depends(changes)], given: Shares, if_match: IfMatch = None
    ) -> Response:
        """All shares at once: a version that is not named has none. New calls follow within seconds. `If-Match`: the
        ETag of the shares that were read."""
        now = {version.id: share for version, share in (await active(backend.database)).items()}
        expected = expected_tag(if_match, shares_tag(now))
        if fsum(given.shares.values()) > 1 + _ROUNDING:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The shares come to more than 1.")
        for version_id in given.shares:
            if await find(backend.database, version_id) is None:
                raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"There is no version {version_id}.")
        told = ", ".join(f"{version_id} {share:g}" for version_id, share in given.shares.items())
        await backend.guard.note(request, who, "prompts.activate", told)
        if not await activate(backend.database, given.shares, expected, str(who)):
            raise changed_meanwhile()
        return JSONResponse({"shares": given.shares}, headers={"ETag": f'"{shares_tag(given.shares)}"'})

    @routes.get("/prompts/{version_id}", response_model=WholePrompt)
    async def one(request: Request, _who: Annotated[Identity, Depends(viewer)], version_id: VersionId) -> Response:
        """One, with its text."""
        row = await find(backend.database, version_id)
        if row is None:
            raise missing("version")
        return tagged(request, encoded(row), f"{version_id}-{row['share']}")

    return routes
