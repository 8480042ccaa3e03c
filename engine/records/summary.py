"""What the calls of a stretch of time came to, counted now: for whoever looks at today, where `daily_stats` ends.

The same terms as in `statistics`: resolved by the bot, transferred.
"""

from datetime import datetime
from typing import Final, LiteralString

from engine.database import Row, Runner
from engine.records.scenario import WITHOUT_RESULT

_SUMMARY: Final[LiteralString] = """
    WITH call AS MATERIALIZED (
        SELECT started_at, outcome, scenario, quality_score, cost_total, answer_ms,
               date_part('epoch', ended_at - started_at) AS seconds,
               outcome IN ('transferred', 'failed_over') AS transferred,
               coalesce(outcome = 'completed'
                        OR (outcome = 'caller_hung_up' AND scenario <> ALL (%(no_result)s)), false) AS resolved
        FROM calls WHERE started_at >= %(begins)s AND started_at < %(ends)s
    )
    SELECT count(*) AS calls, count(*) FILTER (WHERE outcome IS NULL) AS open,
           count(*) FILTER (WHERE resolved) AS resolved_by_bot, count(*) FILTER (WHERE transferred) AS transferred,
           avg(seconds) AS seconds_mean, avg(quality_score)::float AS quality_mean,
           count(quality_score) AS evaluated, coalesce(sum(cost_total), 0)::float AS cost,
           (SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ms)
            FROM call, unnest(answer_ms) AS ms) AS answer_ms,
           (SELECT coalesce(jsonb_object_agg(outcome, n), '{}')
            FROM (SELECT outcome, count(*) AS n FROM call WHERE outcome IS NOT NULL GROUP BY 1) AS each) AS outcomes,
           (SELECT coalesce(jsonb_object_agg(scenario, n), '{}')
            FROM (SELECT scenario, count(*) AS n FROM call WHERE scenario IS NOT NULL GROUP BY 1) AS each) AS scenarios
    FROM call"""
_DAYS: Final[LiteralString] = """
    SELECT day, stats, computed_at FROM daily_stats WHERE day BETWEEN %s AND %s ORDER BY day"""


async def summary(runner: Runner, begins: datetime, ends: datetime) -> Row:
    """From `begins` up to, not including, `ends`. Raises `DatabaseError`."""
    parameters = {"begins": begins, "ends": ends, "no_result": sorted(WITHOUT_RESULT)}
    [row] = await runner.fetch(_SUMMARY, parameters)
    p50, p95 = row["answer_ms"] or (None, None)
    return row | {"answer_ms": {"p50": p50, "p95": p95}}


async def days(runner: Runner, first: object, last: object) -> list[Row]:
    """The days from `first` to `last` (dates) that have been counted, by day. Raises `DatabaseError`."""
    return await runner.fetch(_DAYS, [first, last])
