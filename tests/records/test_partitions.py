"""Partitions against a real PostgreSQL: made, repeated, raced, watched."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import trio

from engine.database import Database, Statements
from engine.metrics import REGISTRY
from engine.records.months import Month
from engine.records.partitions import Partition, State, coverage, coverages, ensure, listed, watch
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

TABLES = {"calls", "call_turns", "call_tool_calls", "call_events", "llm_usage"}
KYIV = ZoneInfo("Europe/Kyiv")
METRIC = "callctl_partitions_ahead_days"
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        yield database


def partition(start: Month, end: Month, state: State = "attached") -> Partition:
    return Partition("calls", f"calls_{start}", start.start, end.start, state, 0)


async def months_of(database: Database, table: str = "calls") -> list[str]:
    return [str(Month.of(each.starts_at)) for each in await listed(database) if each.table == table]


async def test_every_table_gets_every_month_once(database: Database) -> None:
    made = await ensure(database, NOW, 3)
    assert len(made) == len(set(made)) == 4 * len(TABLES)
    assert await ensure(database, NOW, 3) == []
    for table in TABLES:
        assert await months_of(database, table) == ["2026-11", "2026-12", "2027-01", "2027-02"]


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 999999, tzinfo=UTC), "2026-11", "2026-12"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12", "2027-01"),
        (datetime(2027, 1, 1, 0, 30, tzinfo=KYIV), "2026-12", "2027-01"),
        (datetime(2026, 4, 1, 2, 30, tzinfo=KYIV), "2026-03", "2026-04"),
    ],
)
async def test_months_end_in_utc(database: Database, now: datetime, first: str, last: str) -> None:
    await ensure(database, now, 1)
    assert await months_of(database) == [first, last]
    await database.execute("INSERT INTO calls (id, started_at) VALUES (%s, %s)", [uuid4(), now])
    [row] = await database.fetch("SELECT tableoid::regclass::text AS partition FROM calls")
    assert row["partition"] == f"calls_{first.replace('-', '_')}"


async def test_the_sessions_time_zone_changes_nothing(database: Database) -> None:
    def in_kyiv(statements: Statements) -> None:
        statements.execute("SET LOCAL timezone = 'Europe/Kyiv'")
        statements.fetch("SELECT ensure_partitions('2026-03-31 22:30:00+00')")

    await database.transaction(in_kyiv)
    [march] = [each for each in await listed(database) if each.table == "calls"]
    assert (march.starts_at, march.ends_at) == (Month(2026, 3).start, Month(2026, 4).start)


async def test_two_at_once_make_each_month_once(database: Database) -> None:
    made: list[str] = []

    async def run() -> None:
        made.extend(await ensure(database, NOW, 12))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        nursery.start_soon(run)
    assert len(made) == len(set(made)) == 13 * len(TABLES)


async def test_a_table_added_later_is_picked_up_and_one_of_another_kind_is_not(database: Database) -> None:
    await ensure(database, NOW, 1)
    await database.execute("CREATE TABLE later (id uuid, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)")
    await database.execute("CREATE TABLE by_letter (name text) PARTITION BY RANGE (name)")
    await database.execute("CREATE TABLE by_letter_a PARTITION OF by_letter FOR VALUES FROM ('a') TO ('b')")
    assert [each.table for each in await coverages(database, NOW) if each.missing] == ["later"]
    assert await ensure(database, NOW, 1) == ["later_2026_11", "later_2026_12"]
    assert {each.table for each in await listed(database)} == TABLES | {"later"}


async def test_a_reader_of_the_table_holds_nobody_up(database: Database) -> None:
    """A back-up reads for an hour: a new month must not wait for it, nor make the writers wait behind itself."""
    await ensure(database, NOW, 1)
    async with database.session() as reader:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT * FROM calls")
        with trio.fail_after(4):
            assert len(await ensure(database, NOW, 2)) == len(TABLES)


async def test_a_month_that_was_detached_is_taken_back_whole(database: Database) -> None:
    await ensure(database, NOW, 1)
    await database.execute("INSERT INTO calls (id, started_at) VALUES (%s, %s)", [uuid4(), NOW])
    await database.execute("ALTER TABLE calls DETACH PARTITION calls_2026_11")
    assert [each.missing for each in await coverages(database, NOW) if each.table == "calls"] == [(Month(2026, 11),)]
    assert await ensure(database, NOW, 1) == ["calls_2026_11"]
    assert await database.fetch("SELECT count(*) AS n FROM calls") == [{"n": 1}]


async def test_an_engine_keeps_the_next_month_in_place_and_says_how_far_ahead_it_is(database: Database) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, database)
        with trio.fail_after(5):
            while not (REGISTRY.get_sample_value(METRIC, {"table": "llm_usage"}) or 0) > 27:  # noqa: ASYNC110 (a metric has no event)
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


def test_coverage_counts_to_the_first_gap() -> None:
    months = [Month(2026, 11).after(n) for n in range(5)]
    november, december, _, february, march = months
    whole = [partition(november, december), partition(december, december.after(1)), partition(february, march)]
    reach = coverage("calls", whole, NOW)
    assert (reach.reaches, reach.missing) == (december.after(1).start, ())
    assert reach.days_ahead == pytest.approx(39 + 5 / 24)


def test_coverage_of_a_table_without_the_present_month_is_nothing() -> None:
    december = Month(2026, 12)
    reach = coverage("calls", [partition(december, december.after(1))], NOW)
    assert (reach.reaches, reach.days_ahead, reach.missing) == (NOW, 0.0, (Month(2026, 11),))


@pytest.mark.parametrize("state", ["detaching", "detached"])
def test_a_partition_on_its_way_out_does_not_count(state: State) -> None:
    november = Month(2026, 11)
    reach = coverage("calls", [partition(november, november.after(1), state)], NOW)
    assert reach.missing == (november, november.after(1))
