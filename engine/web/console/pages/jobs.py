"""What is done by the clock: how it went, and a run by hand."""

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from engine.access.identity import Role
from engine.web.api.backend import Jobs, Start
from engine.web.console.visit import PREFIX, Entry, Visit
from engine.web.problems import Problem

_RUNS: Final = 50
_DIGITS: Final = 18
"""Of a number that a `bigint` holds."""


async def every(visit: Visit) -> Response:
    jobs = _open(visit)
    name = visit.request.query_params.get("job", "")[:60]
    before = visit.request.query_params.get("before", "")
    older_than = int(before) if before.isdecimal() and len(before) <= _DIGITS else None
    runs = await jobs.history(visit.backend.database, name or None, _RUNS + 1, older_than)
    older = runs[_RUNS - 1]["id"] if len(runs) > _RUNS else None
    return await visit.page("jobs.html", jobs=jobs.listed(), runs=runs[:_RUNS], chosen=name, older=older)


async def run(visit: Visit) -> Response:
    started = await _open(visit).start(visit.backend.database, visit.request.path_params["name"])
    if started is Start.UNKNOWN:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such job.")
    return visit.go(f"{PREFIX}/jobs", f"job_{started}")


def _open(visit: Visit) -> Jobs:
    if visit.backend.jobs is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, visit.words("jobs.none"))
    return visit.backend.jobs


ENTRIES: Final = (
    Entry("/jobs", every),
    Entry("/jobs/{name}/run", run, Role.ADMIN, "jobs.run", "POST"),
)
