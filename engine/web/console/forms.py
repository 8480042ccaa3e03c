"""What a page's form sends, read once, before it is known who sends it; its CSRF token is among it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from engine.web.problems import Problem

CSRF_FIELD: Final = "csrf"
_MOST_FIELDS: Final = 100
_TYPE: Final = "application/x-www-form-urlencoded"

type Form = Mapping[str, str]


async def read_form(request: Request) -> Form:
    """By name; of a name given twice the last. Raises `Problem`."""
    body = await request.body()
    if body and not request.headers.get("Content-Type", "").startswith(_TYPE):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send {_TYPE}.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "This is no form.") from error
    return {name: value.replace("\r\n", "\n").replace("\0", "") for name, value in pairs}


def local(path: str, otherwise: str) -> str:
    """Where to go on: only within the console, wherever a link may point."""
    return path if path.startswith("/console/") and "\\" not in path and path.isprintable() else otherwise
