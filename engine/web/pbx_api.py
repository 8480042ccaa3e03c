"""What the dialplan asks us: may this call come, what now that it is over, and what to tell the operator.

Asterisk's CURL() posts a form unless told otherwise and is easiest served with one plain word, so both a form and
JSON are understood and both a word and JSON are answered. Only the dialplan may ask: see `engine.web.dialplan_only`.
"""

from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from engine.config import HttpConfig
from engine.log import get_logger
from engine.pbx.handover_text import one_line
from engine.pbx.shared_registry import SharedRegistry
from engine.web.dialplan_only import only_the_dialplan
from engine.web.problems import Problem, field_errors

log = get_logger("web.pbx")

BUSY_HEADER = "X-Callctl-Busy"
_MAX_BODY: Final = 16_384
_MAX_SPOKEN: Final = 200
"""Characters of a summary that the dialplan is given."""

Short = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Without control characters: these words go on to the manager interface, whose lines they would part."""


class Announcement(BaseModel):
    """A call about to be connected. Unknown fields are ignored: a newer dialplan may send more."""

    model_config = ConfigDict(str_strip_whitespace=True)
    uuid: UUID
    caller: Short = ""
    called: Short = ""
    channel: Short = ""
    intent: Short | None = None
    briefing_of: UUID | None = None


def pbx_routes(registry: SharedRegistry, config: HttpConfig) -> APIRouter:
    """`POST /internal/calls`, `GET /internal/calls/{uuid}/next` and `GET /internal/calls/{uuid}/handover`."""

    routes = APIRouter(prefix="/internal/calls", tags=["pbx"], dependencies=[Depends(only_the_dialplan(config))])

    @routes.post("")
    async def announce(request: Request) -> Response:
        """Admission: `accept` or `busy`. May be repeated."""
        call = await _announcement(request)
        admission = await registry.register(
            call.uuid, caller=call.caller, called=call.called, channel=call.channel, intent=call.intent,
            briefing_of=call.briefing_of,
        )  # fmt: skip
        answer, reason = admission.answer, admission.reason
        log.info("call_announced", call_id=call.uuid, answer=answer, reason=reason, caller=call.caller,
                 called=call.called)  # fmt: skip
        # A balancer that marks its requests asks the next engine.
        busy = {BUSY_HEADER: "503"} if answer == "busy" and request.headers.get(BUSY_HEADER) == "503" else {}
        status = HTTPStatus.SERVICE_UNAVAILABLE if busy else HTTPStatus.OK
        if _wants_text(request):
            return PlainTextResponse(answer, status, busy)
        return JSONResponse({"answer": answer, "reason": reason}, status, busy)

    @routes.get("/{uuid}/next")
    async def next_step(uuid: UUID, request: Request) -> Response:
        """What to do with the caller after the audio connection has ended: `hangup` or `operator`."""
        verdict = await registry.next(uuid)
        log.info("next_asked", call_id=uuid, next=verdict.next, reason=verdict.reason)
        if _wants_text(request):
            return PlainTextResponse(verdict.next)
        return JSONResponse({"next": verdict.next, "reason": verdict.reason, "summary": verdict.summary})

    @routes.get("/{uuid}/handover")
    async def handover(uuid: UUID, request: Request, field: Literal["reason", "summary"] = "summary") -> Response:
        """What to tell the operator, harmless to a dialplan: as text the `field` on one line, else both."""
        verdict = await registry.next(uuid)
        told = {"reason": one_line(verdict.reason, _MAX_SPOKEN), "summary": one_line(verdict.summary, _MAX_SPOKEN)}
        return PlainTextResponse(told[field]) if _wants_text(request) else JSONResponse(told)

    return routes


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
