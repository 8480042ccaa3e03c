"""How records become answers: plain JSON, people masked for who may not see them, and not sent again unchanged."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

import trio
from starlette.requests import Request
from starlette.responses import Response

from engine.access.identity import Identity
from engine.redaction import mask_phone, sanitize
from engine.web.problems import Problem

MOST_ROWS: Final = 200
_TAG_DIGITS: Final = 16
_ANY: Final = "*"


def plain(value: Any) -> Any:
    """Of JSON's types: times in ISO 8601."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def seen_by(who: Identity, record: Mapping[str, Any]) -> dict[str, Any]:
    """All of it as he may see it. Takes milliseconds for a long call: not on the loop."""
    made: dict[str, Any] = plain(record)
    return made if who.sees_people else {name: sanitize(value, name) for name, value in made.items()}


def row_seen_by(who: Identity, row: Mapping[str, Any], phone: str = "caller") -> dict[str, Any]:
    """A row of a list, which has nothing of people but a phone."""
    made: dict[str, Any] = plain(row)
    if not who.sees_people and made.get(phone):
        made[phone] = mask_phone(made[phone])
    return made


async def as_is(request: Request, record: Mapping[str, Any]) -> Response:
    """As `whole`, where nobody is to be masked."""
    body = await trio.to_thread.run_sync(encoded, record)
    return tagged(request, body, hashlib.sha256(body).hexdigest()[:_TAG_DIGITS])


async def whole(request: Request, who: Identity, record: Mapping[str, Any]) -> Response:
    """A record as he may see it, made in a thread; with its tag, and nothing but that where he has it already."""
    body = await trio.to_thread.run_sync(lambda: _encoded(seen_by(who, record)))
    return tagged(request, body, hashlib.sha256(body).hexdigest()[:_TAG_DIGITS])


def tagged(request: Request, body: bytes, tag: str) -> Response:
    """`body`: JSON. 304 where the client has the one of that tag, or of any."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if {tag, _ANY} & set(tags_of(request.headers.get("If-None-Match", ""))):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def expected_tag(if_match: str | None, there: str) -> str:
    """What the client believes to be changing; `there`: what is, which `*` stands for. Raises `Problem` if he does not
    say: he would overwrite what others did meanwhile."""
    tags = tags_of(if_match or "")
    if len(tags) != 1:
        raise Problem(HTTPStatus.PRECONDITION_REQUIRED, "Send If-Match with the ETag of what you have read.")
    return there if tags == [_ANY] else tags[0]


def changed_meanwhile() -> Problem:
    return Problem(HTTPStatus.PRECONDITION_FAILED, "It has been changed meanwhile: read it again.")


def missing(what: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no such {what}.")


def tags_of(header: str) -> list[str]:
    """`"a", W/"b"` -> a, b."""
    return [each.strip().removeprefix("W/").strip('"') for each in header.split(",") if each.strip()]


def encoded(value: Any) -> bytes:
    return _encoded(plain(value))


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
