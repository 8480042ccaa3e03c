"""What the dialplan asks us: may this call come, and what now that it is over.

Asterisk's CURL() posts a form unless told otherwise and is easiest served with one plain word, so both a form and
JSON are understood and both a word and JSON are answered. Only the dialplan may ask: by shared secret, or from
loopback when none is configured.
"""

import hmac
import ipaddress
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from engine.log import get_logger
from engine.pbx.registry import CallRegistry
from engine.web.problems import Problem, field_errors

log = get_logger("web.pbx")

SECRET_HEADER = "X-Callctl-Secret"
_MAX_BODY = 16_384

Short = Annotated[str, StringConstraints(max_length=200)]


class Announcement(BaseModel):
    """A call about to be connected. Unknown fields are ignored: a newer dialplan may send more."""

    model_config = ConfigDict(str_strip_whitespace=True)
    uuid: UUID
    caller: Short = ""
    called: Short = ""
    channel: Short = ""
    intent: Short | None = None


def pbx_routes(registry: CallRegistry, secret: str) -> APIRouter:
    """`POST /internal/calls` and `GET /internal/calls/{uuid}/next`."""

    async def only_the_dialplan(request: Request) -> None:
        _authorize(request, secret)

    routes = APIRouter(prefix="/internal/calls", tags=["pbx"], dependencies=[Depends(only_the_dialplan)])

    @routes.post("")
    async def announce(request: Request) -> Response:
        """Admission: `accept` or `busy`. May be repeated."""
        call = await _announcement(request)
        answer = registry.register(
            call.uuid, caller=call.caller, called=call.called, channel=call.channel, intent=call.intent
        )
        log.info("call_announced", call_id=call.uuid, answer=answer, caller=call.caller, called=call.called)
        return PlainTextResponse(answer) if _wants_text(request) else JSONResponse({"answer": answer})

    @routes.get("/{uuid}/next")
    async def next_step(uuid: UUID, request: Request) -> Response:
        """What to do with the caller after the audio connection has ended: `hangup` or `operator`."""
        verdict = registry.next(uuid)
        log.info("next_asked", call_id=uuid, next=verdict.next, reason=verdict.reason)
        if _wants_text(request):
            return PlainTextResponse(verdict.next)
        return JSONResponse({"next": verdict.next, "reason": verdict.reason, "summary": verdict.summary})

    return routes


def _authorize(request: Request, secret: str) -> None:
    if secret:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            raise Problem(HTTPStatus.UNAUTHORIZED, f"{SECRET_HEADER} is missing or wrong.")
    elif not _is_loopback(request.client.host if request.client else ""):
        raise Problem(HTTPStatus.FORBIDDEN, "Without HTTP_INTERNAL_SECRET only this machine may ask.")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


async def _announcement(request: Request) -> Announcement:
    body = b""
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > _MAX_BODY:
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MAX_BODY} bytes.")
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        if form:
            return Announcement.model_validate(dict(parse_qsl(body.decode())))
        return Announcement.model_validate_json(body)
    except ValidationError as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "The announcement is malformed.",
                      errors=field_errors(error.errors())) from error  # fmt: skip
    except ValueError as error:  # a form that is not UTF-8, or of too many fields
        raise Problem(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from error


def _wants_text(request: Request) -> bool:
    wanted = request.query_params.get("format")
    return wanted == "text" or (wanted is None and request.headers.get("accept", "").startswith("text/plain"))
