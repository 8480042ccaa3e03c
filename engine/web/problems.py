"""Errors as RFC 9457 problem documents, the same for every route."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from engine.errors import DatabaseError, DataRefused
from engine.log import get_logger

log = get_logger("web")


class Problem(HTTPException):
    """Raise it anywhere in a route. `errors`: one {"field", "message"} for each wrong field."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, errors: Sequence[dict[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(status, detail, headers)
        self.errors = errors


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Of pydantic's error list; the values given are left out, they may be anybody's."""
    return [{"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]} for error in errors]


def answer_with_problems(app: FastAPI) -> None:
    """Make `app` answer every error, its own and the framework's, with a problem document."""
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(DatabaseError, _database_problem)
    app.add_exception_handler(Exception, _own_problem)


def problem_response(
    status: int, detail: str, errors: Sequence[dict[str, str]] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """For where nothing can be raised: in front of the routes."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail != body["title"]:
        body["detail"] = detail
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def _http_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    errors = error.errors if isinstance(error, Problem) else ()
    return problem_response(error.status_code, error.detail, errors, error.headers)


async def _validation_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is malformed.", field_errors(error.errors()))


async def _database_problem(_request: Request, error: Exception) -> JSONResponse:
    """What the database says is for the log: it may quote what was given."""
    if isinstance(error, DataRefused):
        return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, "The database does not take these values.")
    log.warning("web_without_database", error=str(error))
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.", headers={"Retry-After": "5"}
    )


async def _own_problem(_request: Request, _error: Exception) -> JSONResponse:
    """A bug of ours: logged by the server with its traceback, and no business of whoever asked."""
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here.")
