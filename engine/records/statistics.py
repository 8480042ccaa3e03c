"""The statistics of a day, from the calls that began in it: one statement over `calls`, repeatable at any time.

All of it is told from the calls' own rows. Turns, events and model requests go after 90 days, and a day that is
computed once more afterwards must come out the same.

Resolved by the bot is a call that came to its end without a human: said goodbye, or hung up after something had been
looked up or done. Whoever hung up without that, or was silent, is neither resolved nor transferred.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, LiteralString, Self
from zoneinfo import ZoneInfo

from engine.database import Database
from engine.records.scenario import WITHOUT_RESULT

type Stats = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of a time zone: 23, 24 or 25 hours, from `begins` up to, not including, `ends` (UTC)."""

    on: date
    begins: datetime
    ends: datetime
    timezone: str

    @classmethod
    def of(cls, day: date, timezone: ZoneInfo) -> Self:
        begins, ends = (
            datetime.combine(each, time.min, timezone).astimezone(UTC) for each in (day, day + timedelta(days=1))
        )
        return cls(day, begins, ends, timezone.key)

    @property
    def hours(self) -> float:
        return (self.ends - self.begins) / timedelta(hours=1)


def yesterday(now: datetime) -> date:
    """`now`: aware, local to the shop."""
    return now.date() - timedelta(days=1)


async def compute(database: Database, day: Day, now: datetime) -> Stats:
    """Compute a day anew; if it is over, keep it in `daily_stats`: half a day would pass for a whole one. Raises
    `DatabaseError`."""
    return await _computed(database, _KEEP if day.ends <= now else _COUNT, day)


async def count(database: Database, day: Day) -> Stats:
    """The same of a day that is not over: it is not kept."""
    return await _computed(database, _COUNT, day)


async def _computed(database: Database, query: LiteralString, day: Day) -> Stats:
    parameters = {
        "day": day.on, "begins": day.begins, "ends": day.ends, "timezone": day.timezone, "hours": day.hours,
        "no_result": sorted(WITHOUT_RESULT),
    }  # fmt: skip
    (row,) = await database.fetch(query, parameters)
    stats: Stats = row["stats"]
    return stats


async def uncounted(database: Database, first: Day, last: Day) -> list[date]:
    """The days from `first` to `last` that are not in `daily_stats`, none before the first call on record."""
    return await _days(database, _UNCOUNTED, first, last)


async def outdated(database: Database, first: Day, last: Day) -> list[date]:
    """Those of which more is known than when they were counted: verdicts, ends of calls, calls that lay in a spool."""
    return await _days(database, _OUTDATED, first, last)


async def _days(database: Database, query: LiteralString, first: Day, last: Day) -> list[date]:
    stretch = {"first": first.on, "last": last.on, "begins": first.begins, "ends": last.ends, "timezone": last.timezone}
    return [row["day"] for row in await database.fetch(query, stretch)]


_UNCOUNTED: Final[LiteralString] = """
    SELECT day::date AS day
    FROM (SELECT (min(started_at) AT TIME ZONE %(timezone)s)::date AS day FROM calls
          WHERE started_at >= %(begins)s) AS earliest (first_call),
         generate_series(greatest(first_call, %(first)s::date), %(last)s::date, interval '1 day') AS day
    WHERE first_call IS NOT NULL AND NOT EXISTS (SELECT FROM daily_stats WHERE daily_stats.day = day.day::date)
    ORDER BY 1"""
_OUTDATED: Final[LiteralString] = """
    SELECT day FROM daily_stats JOIN (
        SELECT (started_at AT TIME ZONE %(timezone)s)::date AS day, count(*) AS calls,
               count(*) FILTER (WHERE outcome IS NULL) AS open, max(greatest(ended_at, evaluated_at)) AS latest
        FROM calls WHERE started_at >= %(begins)s AND started_at < %(ends)s GROUP BY 1) AS known USING (day)
    WHERE latest > computed_at OR calls <> (stats -> 'calls')::bigint OR open <> (stats -> 'open')::bigint
    ORDER BY 1"""
_COMPUTED: Final[LiteralString] = """
    WITH call AS MATERIALIZED (
        SELECT outcome, transfer_reason, scenario, language, quality_score, quality_cost, cost_total, answer_ms,
               date_part('epoch', ended_at - started_at) AS seconds,
               date_part('hour', started_at AT TIME ZONE %(timezone)s)::integer AS hour,
               (cost -> 'speech' -> 'cost')::numeric AS speech,
               (cost -> 'voice' -> 'cost')::numeric AS voice,
               (cost -> 'model_input' -> 'cost')::numeric AS model_input,
               (cost -> 'model_output' -> 'cost')::numeric AS model_output,
               (cost -> 'model_cache_read' -> 'cost')::numeric AS model_cache_read,
               (cost -> 'model_cache_write' -> 'cost')::numeric AS model_cache_write,
               outcome IN ('transferred', 'failed_over') AS transferred,
               coalesce(outcome = 'completed'
                        OR (outcome = 'caller_hung_up' AND scenario <> ALL (%(no_result)s)), false) AS resolved
        FROM calls
        WHERE started_at >= %(begins)s AND started_at < %(ends)s
    ),
    counted AS (
        SELECT count(*) AS calls,
               count(*) FILTER (WHERE outcome IS NULL) AS open,
               count(*) FILTER (WHERE resolved) AS resolved,
               count(*) FILTER (WHERE transferred) AS transferred,
               avg(seconds) AS seconds_mean,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds) AS seconds,
               avg(quality_score) AS quality_mean, count(quality_score) AS evaluated,
               coalesce(sum(cost_total), 0) AS cost, coalesce(sum(quality_cost), 0) AS judge,
               jsonb_build_object('speech', coalesce(sum(speech), 0), 'voice', coalesce(sum(voice), 0),
                   'model_input', coalesce(sum(model_input), 0), 'model_output', coalesce(sum(model_output), 0),
                   'model_cache_read', coalesce(sum(model_cache_read), 0),
                   'model_cache_write', coalesce(sum(model_cache_write), 0)) AS parts
        FROM call
    ),
    answers AS (
        SELECT count(*) AS n, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ms) AS ms
        FROM call, unnest(answer_ms) AS ms
    ),
    outcomes AS (
        SELECT coalesce(jsonb_object_agg(outcome, n), '{}') AS n
        FROM (SELECT outcome, count(*) AS n FROM call WHERE outcome IS NOT NULL GROUP BY 1) AS each
    ),
    reasons AS (
        SELECT coalesce(jsonb_object_agg(reason, n), '{}') AS n
        FROM (SELECT coalesce(transfer_reason, 'unknown') AS reason, count(*) AS n FROM call
              WHERE transferred GROUP BY 1) AS each
    ),
    languages AS (
        SELECT coalesce(jsonb_object_agg(language, n), '{}') AS n
        FROM (SELECT language, count(*) AS n FROM call WHERE language IS NOT NULL GROUP BY 1) AS each
    ),
    scenarios AS (
        SELECT coalesce(jsonb_object_agg(scenario, n), '{}') AS n
        FROM (SELECT scenario, count(*) AS n FROM call WHERE scenario IS NOT NULL GROUP BY 1) AS each
    ),
    hourly AS (
        SELECT jsonb_agg(coalesce(n, 0) ORDER BY hour) AS n
        FROM generate_series(0, 23) AS hour LEFT JOIN (SELECT hour, count(*) AS n FROM call GROUP BY 1) AS each
             USING (hour)
    ),
    computed AS (
        SELECT jsonb_build_object(
            'day', %(day)s::date, 'timezone', %(timezone)s::text, 'hours', %(hours)s::numeric,
            'calls', calls, 'open', open, 'resolved_by_bot', resolved, 'transferred', transferred,
            'transfer_reasons', reasons.n, 'outcomes', outcomes.n,
            'duration_s', jsonb_build_object('mean', round(seconds_mean::numeric, 1),
                'p50', round(seconds[1]::numeric, 1), 'p95', round(seconds[2]::numeric, 1)),
            'answer_ms', jsonb_build_object('answers', answers.n,
                'p50', round(ms[1]::numeric), 'p95', round(ms[2]::numeric)),
            'quality', jsonb_build_object('evaluated', evaluated, 'mean', round(quality_mean::numeric, 3)),
            'cost', jsonb_build_object('total', cost + judge,
                'per_call', round(cost / nullif(calls, 0), 6), 'parts', parts, 'quality', judge),
            'hourly', hourly.n, 'languages', languages.n, 'scenarios', scenarios.n) AS stats
        FROM counted, answers, outcomes, reasons, languages, scenarios, hourly
    )"""
_COUNT: Final[LiteralString] = f"{_COMPUTED} SELECT stats FROM computed"
_KEEP: Final[LiteralString] = f"""{_COMPUTED}
    INSERT INTO daily_stats (day, stats) SELECT %(day)s::date, stats FROM computed
    ON CONFLICT (day) DO UPDATE SET stats = excluded.stats, computed_at = now()
    RETURNING stats"""
