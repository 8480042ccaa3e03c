"""What is done by the clock: which jobs there are, how their runs ended, and a run by hand."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from engine.access.identity import Identity, Role
from engine.web.api.answers import encoded, missing
from engine.web.api.backend import Backend, Jobs, Start
from engine.web.api.parameters import Before, JobName, Limit
from engine.web.problems import Problem


class Job(BaseModel):
    name: str
    cron: str
    next: AwareDatetime
    purpose: str


class JobList(BaseModel):
    jobs: list[Job]


class Run(BaseModel):
    id: int
    job: str
    scheduled_for: AwareDatetime | None
    """None: by hand."""
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    ok: bool | None
    """None: it has not ended."""
    output: str
    host: str


class Runs(BaseModel):
    runs: list[Run]
    next: int | None
    """To be given as `before` for the next page."""


def job_routes(backend: Backend) -> APIRouter:
    """`/jobs`."""
    routes = APIRouter(tags=["jobs"])
    viewer = backend.guard.requires(Role.VIEWER)
    runs = backend.guard.requires(Role.ADMIN, "jobs.run")

    @routes.get("/jobs", response_model=JobList)
    async def every(_who: Annotated[Identity, Depends(viewer)]) -> Response:
        """What each does, and when it is due."""
        return Response(encoded({"jobs": _open(backend).listed()}), media_type="application/json")

    @routes.get("/jobs/runs", response_model=Runs)
    async def history(
        _who: Annotated[Identity, Depends(viewer)], job: JobName = None, before: Before = None, limit: Limit = 50
    ) -> Response:
        """The latest first."""
        found = await _open(backend).history(backend.database, job, limit + 1, before)
        following = found[limit - 1]["id"] if len(found) > limit else None
        return Response(encoded({"runs": found[:limit], "next": following}), media_type="application/json")

    @routes.post("/jobs/{name}/runs", status_code=HTTPStatus.ACCEPTED)
    async def start(_who: Annotated[Identity, Depends(runs)], name: Annotated[str, Path(max_length=60)]) -> Response:
        """Have the scheduler run it now. How it ends is told by `/jobs/runs`."""
        started = await _open(backend).start(backend.database, name)
        if started is Start.UNKNOWN:
            raise missing("job")
        if started is Start.RUNNING:
            raise Problem(HTTPStatus.CONFLICT, "It is being run already.")
        if started is Start.NOBODY:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No scheduler takes it: is `callctl scheduler run` there?")
        return Response(status_code=HTTPStatus.ACCEPTED)

    return routes


def _open(backend: Backend) -> Jobs:
    if backend.jobs is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "This engine runs no jobs.")
    return backend.jobs
