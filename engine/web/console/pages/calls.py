"""Calls on record: found by what one looks for, and one with all that was said and done."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from http import HTTPStatus
from math import isfinite
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.responses import Response

from engine.call.states import Outcome
from engine.pbx.phone import normalize_phone
from engine.records.call_pages import Looked, page, parse_cursor, words_query
from engine.records.calls import load
from engine.records.recovery import INTERRUPTED
from engine.records.scenario import BY_TOOL, WITHOUT_RESULT
from engine.web.api.answers import missing, row_seen_by
from engine.web.api.parameters import moments
from engine.web.console.transcript import transcript
from engine.web.console.visit import Entry, Visit
from engine.web.console.waterfall import waterfalls

_PAGE: Final = 50
OUTCOMES: Final = (*Outcome, INTERRUPTED)
_SCENARIOS: Final = (*dict.fromkeys(BY_TOOL.values()), *sorted(WITHOUT_RESULT))
_FOR_SUPERVISORS: Final = ("caller", "search")
_FIELDS: Final = ("from", "to", "outcome", "scenario", "min_score", "max_score", *_FOR_SUPERVISORS)


async def listed(visit: Visit) -> Response:
    asked = {name: visit.request.query_params.get(name, "").strip()[:200] for name in _FIELDS}
    if not visit.identity.sees_people:
        asked |= dict.fromkeys(_FOR_SUPERVISORS, "")
    after = visit.request.query_params.get("after", "")
    cursor = parse_cursor(after[:200]) if after else None
    try:
        looked = _looked(asked, visit.backend.config.call.timezone)
    except ValueError as error:
        wrong = visit.words("calls.wrong", field=visit.words(f"calls.{error}"))
        return await visit.page("calls.html", HTTPStatus.UNPROCESSABLE_ENTITY, asked=asked, calls=[], older="",
                                wrong=wrong, **_choices())  # fmt: skip
    found = await page(visit.backend.database, looked, cursor, _PAGE)
    calls = [row_seen_by(visit.identity, row) for row in found.calls]
    given = {name: value for name, value in asked.items() if value}
    older = "" if found.after is None else urlencode({**given, "after": str(found.after)})
    return await visit.page("calls.html", asked=asked, calls=calls, older=older, wrong="", **_choices())


async def one(visit: Visit) -> Response:
    call_id: UUID = visit.request.path_params["call_id"]
    record = await load(visit.backend.database, call_id)
    if record is None:
        raise missing("call")
    call = await visit.masked(record)
    return await visit.page("call.html", call=call, lines=transcript(call), waterfalls=waterfalls(call["turns"]),
                            seconds=_seconds(record))  # fmt: skip


def _choices() -> dict[str, Any]:
    return {"outcomes": OUTCOMES, "scenarios": _SCENARIOS}


def _looked(asked: Mapping[str, str], zone: ZoneInfo) -> Looked:
    """Raises `ValueError` that names the field."""
    first, last = _day(asked, "from"), _day(asked, "to")
    caller = normalize_phone(asked["caller"]) if asked["caller"] else None
    if asked["caller"] and caller is None:
        raise ValueError("caller")
    return Looked(
        begins=moments(first, first, zone)[0] if first else None, ends=moments(last, last, zone)[1] if last else None,
        outcome=asked["outcome"] or None, scenario=asked["scenario"] or None, caller=caller,
        least_score=_score(asked, "min_score"), most_score=_score(asked, "max_score"),
        words=words_query(asked["search"]),
    )  # fmt: skip


def _day(asked: Mapping[str, str], name: str) -> date | None:
    try:
        day = date.fromisoformat(asked[name]) if asked[name] else None
    except ValueError as error:
        raise ValueError(name) from error
    if day is not None and not date(2000, 1, 1) <= day <= date(2199, 1, 1):
        raise ValueError(name)
    return day


def _score(asked: Mapping[str, str], name: str) -> float | None:
    try:
        score = float(asked[name].replace(",", ".")) if asked[name] else None
    except ValueError as error:
        raise ValueError(name) from error
    if score is not None and not isfinite(score):
        raise ValueError(name)
    return score


def _seconds(record: Mapping[str, Any]) -> float | None:
    started: datetime = record["started_at"]
    ended: datetime | None = record["ended_at"]
    return None if ended is None else (ended - started) / timedelta(seconds=1)


ENTRIES: Final = (
    Entry("/calls", listed, what="calls.list"),
    Entry("/calls/{call_id:uuid}", one, what="calls.read"),
)
