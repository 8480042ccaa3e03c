"""What calls came to: totals, and charts by day and by the hour. Days that are over as they were counted, today now."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from starlette.responses import Response

from engine.records.statistics import Day, count
from engine.records.summary import days, summary
from engine.web.api.parameters import moments
from engine.web.console.charts import columns, lines
from engine.web.console.visit import Entry, Visit

STRETCHES: Final = (7, 30, 90, 365)
_USUAL: Final = 30
_HOURS: Final = 24

type Counted = Mapping[date, Mapping[str, Any]]


async def shown(visit: Visit) -> Response:
    length = _length(visit.request.query_params.get("days", ""))
    zone, database = visit.backend.config.call.timezone, visit.backend.database
    today = datetime.now(zone).date()
    every = [today - timedelta(days=back) for back in reversed(range(length))]
    counted = {row["day"]: row["stats"] for row in await days(database, every[0], today)}
    counted[today] = await count(database, Day.of(today, zone))
    total = await summary(database, *moments(every[0], today, zone))
    return await visit.page("stats.html", length=length, stretches=STRETCHES, total=total, days=every, counted=counted,
                            **_charts(every, counted))  # fmt: skip


def _length(text: str) -> int:
    return {str(days): days for days in STRETCHES}.get(text, _USUAL)


def _charts(every: Sequence[date], counted: Counted) -> dict[str, Any]:
    """By name of the template."""
    labels = [f"{day:%d.%m.}" for day in every]
    answers = [[_answer(counted, day, part) for day in every] for part in ("p50", "p95")]
    return {
        "by_day": columns([(label, counted.get(day, {}).get("calls", 0))
                           for label, day in zip(labels, every, strict=True)]),
        "by_hour": columns([(f"{hour}:00", value) for hour, value in enumerate(_hourly(counted))]),
        "answers": lines(labels, answers),
    }  # fmt: skip


def _answer(counted: Counted, day: date, part: str) -> float | None:
    value: float | None = counted.get(day, {}).get("answer_ms", {}).get(part)
    return value


def _hourly(counted: Counted) -> list[float]:
    return [float(sum(stats["hourly"][hour] for stats in counted.values())) for hour in range(_HOURS)]


ENTRIES: Final = (Entry("/stats", shown),)
