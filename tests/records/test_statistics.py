"""The statistics of a day, in a real PostgreSQL: what counts, where a day ends, and that repeating changes nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from engine.config import CostConfig
from engine.database import Database
from engine.records import quality
from engine.records.cost import Bill, speech, tokens, voice
from engine.records.rows import ModelUseRow
from engine.records.statistics import Day, compute, outdated, uncounted, yesterday

KYIV = ZoneInfo("Europe/Kyiv")
DAY = Day.of(date(2026, 11, 21), KYIV)
NOON = DAY.begins + timedelta(hours=12)
INSERT = """
    INSERT INTO calls (id, started_at, ended_at, outcome, transfer_reason, scenario, language, quality_score, cost,
                       cost_total, answer_ms)
    VALUES (%(id)s, %(started_at)s, %(ended_at)s, %(outcome)s, %(transfer_reason)s, %(scenario)s, %(language)s,
            %(quality_score)s, %(cost)s, %(cost_total)s, %(answer_ms)s)"""


def bill() -> Bill:
    prices, made = CostConfig(), Bill()
    counts = {"input": 1000, "output": 100, "cache_read": 5000, "cache_write": 2000}
    for line in (speech(prices, 60), voice(prices, 100), *tokens(prices, "claude-haiku-4-5", counts)):
        made.add(line)
    return made


async def put(database: Database, started_at: datetime, seconds: float = 60, **facts: Any) -> None:
    await database.execute("SELECT ensure_partitions(%s)", [started_at])
    row = {
        "id": uuid4(), "started_at": started_at, "ended_at": started_at + timedelta(seconds=seconds),
        "outcome": "completed", "transfer_reason": None, "scenario": "tires", "language": "uk-UA",
        "quality_score": None, "cost": bill().breakdown(), "cost_total": bill().total, "answer_ms": [800.0, 1200.0],
    }  # fmt: skip
    await database.execute(INSERT, row | facts)


async def test_a_day_is_counted(database: Database) -> None:
    await put(database, NOON, 30, quality_score=1.0)
    await put(database, NOON, 90, quality_score=0.5, language="ru-RU", answer_ms=[1000.0])
    await put(database, NOON, 120, outcome="transferred", transfer_reason="customer_request", scenario="operator")
    await put(database, NOON + timedelta(hours=2), outcome="failed_over", transfer_reason="model_failed")
    await put(database, NOON, outcome="caller_hung_up", scenario="order")
    await put(database, NOON, outcome="caller_hung_up", scenario="talk")
    await put(database, NOON, outcome="silence", scenario="nothing_said", language=None, answer_ms=[])
    await put(database, NOON, outcome=None, ended_at=None, scenario=None, cost=None, cost_total=None, answer_ms=None)
    stats = await compute(database, DAY, DAY.ends)
    assert (stats["calls"], stats["open"], stats["resolved_by_bot"], stats["transferred"]) == (8, 1, 3, 2)
    assert stats["transfer_reasons"] == {"customer_request": 1, "model_failed": 1}
    assert stats["outcomes"] == {
        "completed": 2, "transferred": 1, "failed_over": 1, "caller_hung_up": 2, "silence": 1}  # fmt: skip
    assert stats["duration_s"] == {"mean": 68.6, "p50": 60, "p95": 111}
    assert stats["answer_ms"] == {"answers": 11, "p50": 1000, "p95": 1200}
    assert stats["quality"] == {"evaluated": 2, "mean": 0.75}
    assert stats["hourly"][12] == 7
    assert stats["hourly"][14] == 1
    assert len(stats["hourly"]) == 24
    assert stats["languages"] == {"uk-UA": 6, "ru-RU": 1}
    assert stats["scenarios"] == {"tires": 3, "operator": 1, "order": 1, "talk": 1, "nothing_said": 1}


async def judged(database: Database, cost: float) -> None:
    """The first of the calls."""
    [call] = await database.fetch("SELECT id FROM calls ORDER BY id LIMIT 1")
    use = ModelUseRow(call["id"], NOON, "quality", 1, NOON, "m", 1, 1, 0, 0, Decimal(str(cost)))
    await quality.record(database, quality.Judged(call["id"], NOON, 0.9, {"note": "Добре."}, [use]))


async def test_the_cost_is_that_of_the_calls_and_of_their_judge(database: Database) -> None:
    await put(database, NOON)
    await put(database, NOON)
    await judged(database, 0.25)
    cost = (await compute(database, DAY, DAY.ends))["cost"]
    one = float(bill().total)
    assert cost["total"] == pytest.approx(2 * one + 0.25)
    assert (cost["per_call"], cost["quality"]) == (pytest.approx(one), 0.25)
    assert cost["parts"] == {name: pytest.approx(2 * line["cost"]) for name, line in bill().breakdown().items()}


async def test_a_day_without_calls_has_statistics_too(database: Database) -> None:
    stats = await compute(database, DAY, DAY.ends)
    assert (stats["calls"], sum(stats["hourly"]), stats["cost"]["total"]) == (0, 0, 0)
    assert stats["duration_s"]["mean"] is stats["answer_ms"]["p50"] is stats["quality"]["mean"] is None


async def test_a_day_ends_where_the_next_begins_in_the_shops_own_time(database: Database) -> None:
    for moment in (DAY.begins - timedelta(microseconds=1), DAY.begins, DAY.ends - timedelta(microseconds=1), DAY.ends):
        await put(database, moment)
    stats = await compute(database, DAY, DAY.ends)
    assert (stats["calls"], stats["hourly"][0], stats["hourly"][23]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 29), 23.0),
        (date(2026, 10, 25), 25.0),
        (date(2026, 12, 31), 24.0),
        (date(2027, 1, 1), 24.0),
        (date(2028, 2, 29), 24.0),
    ],
)
async def test_days_of_every_length(database: Database, day: date, hours: float) -> None:
    """A call in each half hour, over two months' ends and both changes of the clock."""
    whole = Day.of(day, KYIV)
    assert whole.hours == hours
    moment = whole.begins - timedelta(hours=3)
    while moment < whole.ends + timedelta(hours=3):
        await put(database, moment)
        moment += timedelta(minutes=30)
    stats = await compute(database, whole, whole.ends)
    assert (stats["calls"], stats["hours"]) == (2 * hours, hours)
    assert sum(stats["hourly"]) == stats["calls"]
    assert stats["hourly"][3] == {23.0: 0, 24.0: 2, 25.0: 4}[hours]


async def test_computing_again_changes_nothing_and_new_calls_count(database: Database) -> None:
    await put(database, NOON)
    first = await compute(database, DAY, DAY.ends)
    assert await compute(database, DAY, DAY.ends) == first
    await put(database, NOON)
    assert (await compute(database, DAY, DAY.ends))["calls"] == 2
    kept = await database.fetch("SELECT stats FROM daily_stats WHERE day = %s", [DAY.on])
    assert [row["stats"]["calls"] for row in kept] == [2]


async def test_it_needs_no_turns(database: Database) -> None:
    """They are gone after their term, as what its judge was asked is; what is computed again must be the same."""
    await put(database, NOON)
    await judged(database, 0.25)
    first = await compute(database, DAY, DAY.ends)
    await database.execute("TRUNCATE call_turns, call_tool_calls, call_events, llm_usage")
    assert await compute(database, DAY, DAY.ends) == first


async def test_missed_days_are_known_from_the_first_call_on(database: Database) -> None:
    await database.execute("TRUNCATE daily_stats")
    first, last = Day.of(date(2026, 11, 1), KYIV), Day.of(date(2026, 11, 22), KYIV)
    assert await uncounted(database, first, last) == []
    await put(database, Day.of(date(2026, 11, 19), KYIV).begins)
    await compute(database, DAY, DAY.ends)
    assert await uncounted(database, first, last) == [date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 22)]


async def test_a_day_that_is_not_over_is_not_counted(database: Database) -> None:
    await database.execute("TRUNCATE daily_stats")
    await put(database, NOON)
    assert (await compute(database, DAY, DAY.ends - timedelta(seconds=1)))["calls"] == 1
    assert await database.fetch("SELECT FROM daily_stats") == []


async def test_a_day_of_which_more_is_known_is_told(database: Database) -> None:
    await database.execute("TRUNCATE daily_stats")
    await put(database, NOON)
    await compute(database, DAY, DAY.ends)
    span = Day.of(date(2026, 11, 1), KYIV), Day.of(date(2026, 11, 22), KYIV)
    assert await outdated(database, *span) == []
    await judged(database, 0.25)
    assert await outdated(database, *span) == [DAY.on]
    await compute(database, DAY, DAY.ends)
    await put(database, NOON, outcome=None, ended_at=None)  # from a spool, days later
    assert await outdated(database, *span) == [DAY.on]
    await compute(database, DAY, DAY.ends)
    await database.execute("UPDATE calls SET ended_at = started_at, outcome = 'interrupted' WHERE outcome IS NULL")
    assert await outdated(database, *span) == [DAY.on]
    await compute(database, DAY, DAY.ends)
    assert await outdated(database, *span) == []


def test_yesterday_is_the_shops() -> None:
    assert yesterday(datetime(2026, 11, 30, 22, 30, tzinfo=UTC).astimezone(KYIV)) == date(2026, 11, 30)
    assert yesterday(datetime(2027, 1, 1, 0, 5, tzinfo=KYIV)) == date(2026, 12, 31)
