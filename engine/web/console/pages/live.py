"""Calls in progress, and one of them as it happens.

What is said comes from the record, where it is a fifth of a second after it was said, and whichever engine has the
call; that it goes on, and in which state, from its session.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from engine.access.identity import Role
from engine.records.calls import heads, load
from engine.web.api.answers import missing
from engine.web.api.backend import Live
from engine.web.console.transcript import transcript
from engine.web.console.visit import PREFIX, Entry, Visit
from engine.web.problems import Problem


async def every(visit: Visit) -> Response:
    return await visit.page("live.html", calls=await _calls(visit))


async def every_now(visit: Visit) -> Response:
    """The part of the page that moves."""
    return await visit.page("live_list.html", calls=await _calls(visit))


async def one(visit: Visit) -> Response:
    return await visit.page("live_call.html", **await _call(visit))


async def one_now(visit: Visit) -> Response:
    return await visit.page("live_said.html", **await _call(visit))


async def hang_up(visit: Visit) -> Response:
    call_id = _id(visit)
    if not await _open(visit).hang_up(call_id):
        raise missing("call in progress")
    return visit.go(f"{PREFIX}/live/{call_id}", "call_ending")


async def _calls(visit: Visit) -> list[dict[str, Any]]:
    """The longest first."""
    sessions = {UUID(each["id"]): each for each in await _open(visit).listed()}
    known = {row["id"]: row for row in await heads(visit.backend.database, list(sessions))}
    nobody = {"started_at": None, "caller": None}
    rows = [{**nobody, **known.get(call_id, {}), **_shown(each)} for call_id, each in sessions.items()]
    masked = await visit.masked({"calls": rows})
    calls: list[dict[str, Any]] = masked["calls"]
    return sorted(calls, key=lambda call: call["started_at"] or "")


async def _call(visit: Visit) -> dict[str, Any]:
    call_id = _id(visit)
    session = await _open(visit).find(call_id)
    record = await load(visit.backend.database, call_id)
    if record is None and session is None:
        raise missing("call in progress")
    call = await visit.masked(record or {"caller": None, "started_at": None, "outcome": None, "ended_at": None})
    return {
        "id": str(call_id), "call": call, "session": _shown(session) if session else None,
        "lines": transcript(call) if record else [],
    }  # fmt: skip


def _shown(session: Mapping[str, Any]) -> dict[str, Any]:
    """Without the history: that is on record."""
    return {name: session.get(name) for name in ("id", "state", "turn", "cost")}


def _id(visit: Visit) -> UUID:
    found: UUID = visit.request.path_params["call_id"]
    return found


def _open(visit: Visit) -> Live:
    if visit.backend.live is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, visit.words("error.starting"))
    return visit.backend.live


ENTRIES: Final = (
    Entry("/live", every, what="live.read"),
    Entry("/live/now", every_now, what="live.read"),
    Entry("/live/{call_id:uuid}", one, what="calls.read"),
    Entry("/live/{call_id:uuid}/now", one_now, what="calls.read"),
    Entry("/live/{call_id:uuid}/hang-up", hang_up, Role.SUPERVISOR, "live.hang_up", "POST"),
)
