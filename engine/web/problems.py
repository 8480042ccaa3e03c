"""Errors as RFC 9457 problem documents, the same for every route."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


class Problem(HTTPException):
    """Raise it anywhere in a route. `errors`: one {"field", "message"} for each wrong field."""

    def __init__(self, status: HTTPStatus, detail: str, *, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(status, detail)
        self.errors = errors


def field_errors(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Of pydantic's error list; the values given are left out, they may be anybody's."""
    return [{"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]} for error in errors]


def answer_with_problems(app: FastAPI) -> None:
    """Make `app` answer every error, its own and the framework's, with a problem document."""
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)


async def _http_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    errors = error.errors if isinstance(error, Problem) else ()
    return _response(error.status_code, error.detail, errors, error.headers)


async def _validation_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _response(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is malformed.", field_errors(error.errors()))


def _response(status: int, detail: str, errors: Sequence[dict[str, str]], headers: Any = None) -> JSONResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail != body["title"]:
        body["detail"] = detail
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status, headers, media_type="application/problem+json")
