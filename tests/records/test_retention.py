"""Retention against a real PostgreSQL: the boundary, the months, what a kill leaves behind, two at once."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import uuid4

import pytest
import trio
from typer.testing import CliRunner

from cli.main import app
from engine.config import RetentionConfig
from engine.database import Database
from engine.database.lock import try_lock
from engine.errors import DatabaseError
from engine.records import retention
from engine.records.partitions import ensure, listed, tables
from engine.records.retention import Outcome, preview
from engine.records.retention_rules import RULES
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

AGES = RetentionConfig()
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)
EDGE = NOW - timedelta(days=90)
MICROSECOND = timedelta(microseconds=1)
TURN = "INSERT INTO call_turns (call_id, started_at, n, at, speaker, text) VALUES (%s, %s, %s, %s, 'bot', '')"


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        yield database


async def run(database: Database, now: datetime = NOW) -> list[Outcome]:
    outcomes: list[Outcome] = []
    await retention.run(database, AGES, now, ended=outcomes.append)
    return outcomes


async def turn(database: Database, at: datetime) -> None:
    await database.execute("SELECT ensure_partitions(%s)", [at])
    await database.execute(TURN, [uuid4(), at, 1, at])


async def call(database: Database, at: datetime) -> None:
    await database.execute("SELECT ensure_partitions(%s)", [at])
    await database.execute(
        "INSERT INTO calls (id, started_at, caller, called, channel, outcome, transfer_summary, quality, cost_total)"
        " VALUES (%s, %s, '+380671234567', '100', 'PJSIP/0671234567-1', 'transferred', 'Іван', %s, 1.5)",
        [uuid4(), at, {"greeted": 1, "note": "Іван чемний"}],
    )


async def times(database: Database, table: LiteralString = "call_turns") -> list[datetime]:
    rows = await database.fetch("SELECT started_at FROM {table} ORDER BY 1", names={"table": table})
    return [row["started_at"] for row in rows]


async def months(database: Database, table: str) -> list[tuple[str, str]]:
    return [(each.name, each.state) for each in await listed(database) if each.table == table]


def done(outcomes: list[Outcome]) -> set[tuple[str, str, int]]:
    return {(each.target, each.verb, each.rows) for each in outcomes if each.rows or each.verb == "dropped"}


async def test_after_exactly_ninety_days_a_row_stays_and_a_microsecond_later_it_goes(database: Database) -> None:
    for at in (EDGE - MICROSECOND, EDGE, EDGE + MICROSECOND, NOW):
        await turn(database, at)
    await run(database)
    assert await times(database) == [EDGE, EDGE + MICROSECOND, NOW]
    await run(database, NOW + MICROSECOND)
    assert await times(database) == [EDGE + MICROSECOND, NOW]


async def test_whole_months_go_with_their_tables_and_a_dry_run_says_so_beforehand(database: Database) -> None:
    for at in (
        datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 7, 31, tzinfo=UTC),
        EDGE - MICROSECOND,
        NOW,
    ):
        await turn(database, at)
    foreseen = await preview(database, AGES, NOW)
    assert len(await times(database)) == 4
    assert {("call_turns_2026_06", "dropped", 1), ("call_turns_2026_07", "dropped", 1),
            ("call_turns_2026_08", "deleted", 1), ("call_events_2026_06", "dropped", 0)} <= done(foreseen)  # fmt: skip
    assert await run(database) == foreseen
    assert await times(database) == [NOW]
    assert await months(database, "call_turns") == [
        ("call_turns_2026_08", "attached"),
        ("call_turns_2026_11", "attached"),
    ]
    assert ("calls_2026_06", "attached") in await months(database, "calls")
    assert done(await run(database)) == set()


async def test_calls_older_than_a_year_no_longer_tell_whose_they_are(database: Database) -> None:
    year = NOW - timedelta(days=365)
    for at in (year - MICROSECOND, year):
        await call(database, at)
    assert ("calls_2025_11", "anonymised", 1) in done(await run(database))
    old, young = await database.fetch("SELECT * FROM calls ORDER BY started_at")
    assert [old[name] for name in ("caller", "channel", "transfer_summary")] == [None, None, None]
    assert (old["quality"], old["called"], old["outcome"]) == ({"greeted": 1}, "100", "transferred")
    assert young["caller"] == "+380671234567"
    assert young["quality"]["note"] == "Іван чемний"


async def test_actions_call_backs_and_customers_are_forgotten_after_a_year(database: Database) -> None:
    old, young = NOW - timedelta(days=366), NOW - timedelta(days=10)
    for phone, at in (("+380671234567", old), ("+380501112233", young)):
        await database.execute(
            "INSERT INTO store_actions (key, call_id, phone, tool, arguments, intended_at, answered_at, answer)"
            " VALUES (%s, %s, %s, 'confirm_order', %s, %s, %s, %s)",
            [uuid4(), uuid4(), phone, {"customer_name": "Іван"}, at, at, {"order": 1}],
        )
        await database.execute(
            "INSERT INTO callback_requests (id, call_id, phone, name, note, created_at)"
            " VALUES (%s, %s, %s, 'Іван', 'про шини', %s)",
            [uuid4(), uuid4(), phone, at],
        )
        await database.execute("INSERT INTO customers (phone, name, updated_at) VALUES (%s, 'Іван', %s)", [phone, old])
    await call(database, young - timedelta(days=200))
    await database.execute("UPDATE calls SET caller = '+380501112233'")
    await run(database)
    actions = await database.fetch("SELECT phone, arguments, answer FROM store_actions ORDER BY intended_at")
    assert actions == [
        {"phone": None, "arguments": {}, "answer": {}},
        {"phone": "+380501112233", "arguments": {"customer_name": "Іван"}, "answer": {"order": 1}},
    ]
    notes = await database.fetch("SELECT note FROM callback_requests ORDER BY created_at")
    assert [row["note"] for row in notes] == [None, "про шини"]
    assert await database.fetch("SELECT phone FROM customers") == [{"phone": "+380501112233"}]


async def test_many_rows_of_the_boundary_month_go_in_stretches(database: Database) -> None:
    await database.execute("SELECT ensure_partitions(%s)", [EDGE])
    many = ("INSERT INTO call_turns (call_id, started_at, n, at, speaker, text) SELECT gen_random_uuid(),"
            " %s + (n %% 2) * interval '1 hour' - interval '1 minute', 1, now(), 'bot', repeat('ш', 200)"
            " FROM generate_series(1, 30000) n")  # fmt: skip
    await database.execute(many, [EDGE])
    shares: list[float] = []
    await retention.run(database, AGES, NOW, ended=lambda _: None, moved=lambda what, share, of: shares.append(share))
    assert len(await times(database)) == 15_000
    assert len({share for share in shares if share < 1}) > 2
    assert shares == sorted(shares)


async def test_a_large_month_is_not_counted_only_to_be_dropped(database: Database) -> None:
    june = datetime(2026, 6, 10, tzinfo=UTC)
    await turn(database, june)
    await database.execute("UPDATE pg_class SET reltuples = 5000000 WHERE relname = 'call_turns_2026_06'")
    [foreseen] = [each for each in await preview(database, AGES, NOW) if each.target == "call_turns_2026_06"]
    assert (foreseen.rows, foreseen.is_estimate) == (5_000_000, True)
    assert foreseen in await run(database)
    assert await times(database) == []


@pytest.mark.parametrize("finished", [False, True])
async def test_what_a_killed_run_leaves_detached_is_removed_by_the_next(database: Database, finished: bool) -> None:
    """Killed while it waits for a reader (half detached), or before the drop (detached)."""
    await turn(database, datetime(2026, 6, 10, tzinfo=UTC))
    await turn(database, NOW)
    if finished:
        await database.execute("ALTER TABLE call_turns DETACH PARTITION call_turns_2026_06")
    else:
        await half_detach(database, "call_turns_2026_06")
    assert await months(database, "call_turns") == [
        ("call_turns_2026_06", "detached" if finished else "detaching"), ("call_turns_2026_11", "attached"),
    ]  # fmt: skip
    foreseen = await preview(database, AGES, NOW)
    assert ("call_turns_2026_06", "dropped", 1) in done(foreseen)
    assert await run(database) == foreseen
    assert await months(database, "call_turns") == [("call_turns_2026_11", "attached")]
    assert await database.fetch("SELECT to_regclass('call_turns_2026_06') AS it") == [{"it": None}]


@pytest.mark.parametrize("finished", [False, True])
async def test_a_month_detached_that_is_young_enough_now_is_taken_back(database: Database, finished: bool) -> None:
    """The policy may have been changed in between."""
    at = NOW - timedelta(days=40)
    await turn(database, at)
    if finished:
        await database.execute("ALTER TABLE call_turns DETACH PARTITION call_turns_2026_10")
    else:
        await half_detach(database, "call_turns_2026_10")
    assert await times(database) == []
    await run(database)
    assert await times(database) == [at]


async def test_a_month_that_is_being_read_is_left_to_the_next_run_and_all_else_is_done(database: Database) -> None:
    for at in (datetime(2026, 6, 10, tzinfo=UTC), EDGE - MICROSECOND):
        await turn(database, at)
    async with database.session() as reader:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT * FROM call_turns")
        with pytest.raises(DatabaseError, match=r"call_turns_2026_06: .*timeout"):
            await retention.run(database, AGES, NOW, ended=lambda _: None, patience=0.3)
    assert await times(database) == []
    assert await months(database, "call_events") == [("call_events_2026_08", "attached")]
    await run(database)
    assert await months(database, "call_turns") == [("call_turns_2026_08", "attached")]


async def test_writers_go_on_while_a_month_waits_for_its_reader(database: Database) -> None:
    await turn(database, datetime(2026, 6, 10, tzinfo=UTC))
    await turn(database, NOW)
    half_gone = ("call_turns_2026_06", "detaching")
    async with database.session() as reader, trio.open_nursery() as nursery:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT * FROM call_turns")
        nursery.start_soon(run, database)
        with trio.fail_after(5):
            while half_gone not in await months(database, "call_turns"):  # noqa: ASYNC110 (PostgreSQL has no event for it)
                await trio.sleep(0.01)
            await turn(database, NOW + timedelta(days=40))
            assert len(await ensure(database, NOW, 2)) > 0
        await reader.execute("COMMIT")
    assert half_gone not in await months(database, "call_turns")


async def test_two_runs_exclude_each_other(database: Database) -> None:
    await turn(database, EDGE - MICROSECOND)
    async with try_lock(database, "retention") as lock:
        assert lock is not None
        with pytest.raises(DatabaseError, match="another retention run is at work"):
            await run(database)
    assert len(await times(database)) == 1
    await run(database)
    assert await times(database) == []


async def test_every_table_that_rolls_by_month_has_its_rule(database: Database) -> None:
    """Whoever adds a table decides how long it is kept."""
    assert set(await tables(database)) <= {rule.table for rule in RULES}


async def test_the_command(database: Database, server: EmbeddedPostgres) -> None:
    runner = CliRunner(env={"DATABASE_URL": server.url})
    await turn(database, datetime.now(UTC) - timedelta(days=300))

    def invoke(line: str) -> tuple[int, str]:
        result = runner.invoke(app, line.split())
        return result.exit_code, result.stdout

    code, foreseen = await trio.to_thread.run_sync(invoke, "retention run --dry-run --json")
    dropped = [each for each in json.loads(foreseen) if each["table"] == "call_turns" and each["verb"] == "dropped"]
    assert (code, [each["rows"] for each in dropped]) == (0, [1])
    code, text = await trio.to_thread.run_sync(invoke, "retention run --dry-run")
    assert (code, f"would be dropped  {dropped[0]['target']}  1 rows\n" in text) == (0, True)
    code, text = await trio.to_thread.run_sync(invoke, "retention run")
    assert (code, f"dropped  {dropped[0]['target']}  1 rows\n" in text) == (0, True)
    assert await trio.to_thread.run_sync(invoke, "retention run") == (0, "nothing is too old\n")


async def half_detach(database: Database, month: str) -> None:
    """As a run does it that is killed while it waits for a reader of the table."""
    async with database.session() as reader:
        await reader.execute("BEGIN")
        await reader.fetch("SELECT * FROM call_turns")
        async with database.session(statement_timeout_ms=200) as killed:
            with pytest.raises(DatabaseError):
                await killed.execute(
                    "ALTER TABLE call_turns DETACH PARTITION {month} CONCURRENTLY", names={"month": month}
                )
