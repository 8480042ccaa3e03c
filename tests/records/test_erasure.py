"""A caller is erased: afterwards every text of every table is searched for his number."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.database import Database
from engine.errors import DatabaseError, ErasureRefused
from engine.records.customers import export, listed, load
from engine.records.erasure import Erased, erase
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database

PHONE = "+380671234567"
OTHER = "+380501112233"
NOTATIONS = [
    PHONE,
    "0671234567",
    "067 123 45 67",
    "+38 (067) 123-45-67",
    "0 6 7, 1 2 3, 4 5, 6 7",
    "80671234567",
    "067.123.45.67",
]
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)
LONGEST = timedelta(minutes=30)


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        await database.execute("SELECT ensure_partitions(%s)", [NOW])
        yield database


async def call(database: Database, caller: str, *, said: str = "шини", open_since: datetime | None = None) -> UUID:
    """With a number (`said`) in everything that holds text."""
    call_id, start = uuid4(), open_since or NOW
    await database.execute(
        "INSERT INTO calls (id, started_at, ended_at, caller, called, channel, outcome, transfer_summary, quality)"
        " VALUES (%s, %s, %s, %s, '100', %s, 'transferred', %s, %s)",
        [call_id, start, None if open_since else NOW, caller, f"PJSIP/{caller}-1", f"Іван {said}", {"note": said}],
    )
    key = [call_id, start, 1, start]
    await database.execute(
        "INSERT INTO call_turns (call_id, started_at, n, at, speaker, text) VALUES (%s, %s, %s, %s, 'caller', %s)",
        [*key, f"запишіть {said}"],
    )
    await database.execute(
        "INSERT INTO call_tool_calls (call_id, started_at, n, at, name, arguments, result, ok, duration_ms)"
        " VALUES (%s, %s, %s, %s, 'confirm_order', %s, %s, true, 5)",
        [*key, {"customer_name": "Іван", "note": said}, {"items": [{"text": said}], said: 1}],
    )
    for n, kind, data in ((1, "part_failed", {"error": said}), (2, "waterfall", {"final": 280})):
        await database.execute(
            "INSERT INTO call_events (call_id, started_at, n, at, kind, data) VALUES (%s, %s, %s, %s, %s, %s)",
            [call_id, start, n, start, kind, data],
        )
    await database.execute(
        "INSERT INTO store_actions (key, call_id, phone, tool, arguments, intended_at, answered_at, answer)"
        " VALUES (%s, %s, %s, 'confirm_order', %s, %s, %s, %s)",
        [uuid4(), call_id, caller, {"customer_name": "Іван", "said": said}, start, start, {"order": said}],
    )
    await database.execute(
        "INSERT INTO callback_requests (id, call_id, phone, name, note) VALUES (%s, %s, %s, 'Іван', %s)",
        [uuid4(), call_id, caller, said],
    )
    return call_id


async def traces(database: Database) -> list[tuple[str, str]]:
    """Where the digits of the number stand in a row, whatever separates them; not by the code under test."""
    tables = await database.fetch(
        "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = []
    for table in tables:
        query = "SELECT t::text AS row FROM {table} t WHERE regexp_replace(t::text, '[^0-9]', '', 'g') LIKE %s"
        rows = await database.fetch(query, ["%671234567%"], names={"table": table["name"]})
        found += [(table["name"], row["row"]) for row in rows]
    return found


async def test_no_trace_of_the_number_is_left_in_any_table(database: Database) -> None:
    for notation in NOTATIONS:
        await call(database, PHONE, said=notation)
        await call(database, OTHER, said=f"дружина, {notation}")
    await database.execute("INSERT INTO customers (phone, name) VALUES (%s, 'Іван')", [PHONE])
    await database.execute("INSERT INTO job_runs (job, output, host) VALUES ('x', 'asked for 067-123-45-67', 'h')")
    await database.execute("INSERT INTO daily_stats (day, stats) VALUES ('2026-11-22', %s)", [{"last": 380671234567}])
    await database.execute("CREATE TABLE added_later (remarks text, facts jsonb)")
    await database.execute(
        "INSERT INTO added_later VALUES (%s, %s::jsonb)", [f"{PHONE} / {OTHER}", '["067\\n1234567"]']
    )
    assert len(await traces(database)) > 5 * len(NOTATIONS)
    await erase(database, PHONE, LONGEST)
    assert await traces(database) == []
    assert await database.fetch("SELECT * FROM added_later") == [{"remarks": f"+*** / {OTHER}", "facts": ["***"]}]


async def test_what_is_his_goes_and_what_is_others_stays(database: Database) -> None:
    his, others = await call(database, PHONE), await call(database, OTHER, said="мій номер 050 111 22 33")
    erasure = await erase(database, PHONE, LONGEST)
    assert erasure.calls == [his]
    assert Erased("calls", "anonymised", 1) in erasure.done
    assert await rows(database, "SELECT text FROM call_turns WHERE call_id = %s", his) == [{"text": ""}]
    assert await rows(database, "SELECT arguments, result FROM call_tool_calls WHERE call_id = %s", his) == [
        {"arguments": {}, "result": {}}
    ]
    assert await rows(database, "SELECT data FROM call_events WHERE call_id = %s ORDER BY n", his) == [
        {"data": {}}, {"data": {"final": 280}},
    ]  # fmt: skip
    assert await rows(database, "SELECT phone, arguments, answer FROM store_actions WHERE call_id = %s", his) == [
        {"phone": None, "arguments": {}, "answer": {}}
    ]
    [kept] = await rows(database, "SELECT * FROM calls WHERE id = %s", his)
    assert [kept[name] for name in ("caller", "channel", "transfer_summary", "quality")] == [None, None, None, {}]
    assert (kept["outcome"], kept["called"]) == ("transferred", "100")
    [said] = await rows(database, "SELECT text FROM call_turns WHERE call_id = %s", others)
    assert said["text"] == "запишіть мій номер 050 111 22 33"
    assert await load(database, PHONE) is None
    assert await load(database, OTHER) is not None


async def test_an_action_without_an_answer_is_not_asked_again(database: Database) -> None:
    call_id = await call(database, PHONE)
    await database.execute("UPDATE store_actions SET answer = NULL, answered_at = NULL")
    await erase(database, PHONE, LONGEST)
    assert await rows(database, "SELECT answer, abandoned FROM store_actions WHERE call_id = %s", call_id) == [
        {"answer": None, "abandoned": "erased"}
    ]


async def test_a_second_time_there_is_nothing_to_do(database: Database) -> None:
    await call(database, PHONE, said=PHONE)
    assert (await erase(database, PHONE, LONGEST)).done
    assert (await erase(database, PHONE, LONGEST)).done == []


async def test_nothing_is_done_while_he_is_on_the_line_and_what_a_dead_engine_left_open_is_no_call(
    database: Database,
) -> None:
    now = datetime.now(UTC)
    await database.execute("SELECT ensure_partitions(%s), ensure_partitions(%s)", [now, now - 2 * LONGEST])
    await call(database, PHONE, open_since=now - LONGEST / 2)
    with pytest.raises(ErasureRefused, match="on the line"):
        await erase(database, PHONE, LONGEST)
    assert await load(database, PHONE) is not None
    await database.execute("UPDATE calls SET ended_at = now()")
    await call(database, PHONE, open_since=now - 2 * LONGEST)
    await erase(database, PHONE, LONGEST)
    assert await load(database, PHONE) is None


async def test_it_is_all_or_nothing(database: Database) -> None:
    await call(database, PHONE, said=PHONE)
    await database.execute("CREATE TABLE strict (remark text CHECK (remark <> '+***'))")
    await database.execute("INSERT INTO strict VALUES (%s)", [PHONE])
    with pytest.raises(DatabaseError):
        await erase(database, PHONE, LONGEST)
    assert await load(database, PHONE) is not None


async def test_it_says_how_far_it_is(database: Database) -> None:
    told: list[tuple[str, float, float | None]] = []
    await erase(database, PHONE, LONGEST, lambda *progress: told.append(progress))
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert {of for _, _, of in told} == {len(told)}
    assert "audit_log" in {table for table, _, _ in told}


async def test_customers_are_counted_from_their_calls(database: Database) -> None:
    for _ in range(3):
        await call(database, PHONE)
    await call(database, OTHER)
    await database.execute("INSERT INTO customers (phone, name) VALUES (%s, 'Іван'), ('+380990000000', NULL)", [PHONE])
    found = {row["phone"]: row for row in await listed(database, 10)}
    assert {phone: row["calls"] for phone, row in found.items()} == {PHONE: 3, OTHER: 1, "+380990000000": 0}
    assert (found[PHONE]["name"], found[PHONE]["first_call_at"], found[OTHER]["last_call_at"]) == ("Іван", NOW, NOW)
    assert len(await listed(database, 2)) == 2


async def test_an_export_holds_everything(database: Database) -> None:
    call_id = await call(database, PHONE, said="хочу шини")
    await call(database, OTHER)
    everything = await export(database, PHONE)
    assert everything is not None
    [his] = everything["calls"]
    assert (his["id"], his["turns"][0]["text"], len(his["events"])) == (call_id, "запишіть хочу шини", 2)
    assert his["tool_calls"][0]["arguments"]["customer_name"] == "Іван"
    assert everything["callback_requests"][0]["note"] == "хочу шини"
    assert everything["store_actions"][0]["answer"] == {"order": "хочу шини"}
    assert everything["customer"]["calls"] == 1


async def rows(database: Database, query: Any, call_id: UUID) -> list[dict[str, Any]]:
    return await database.fetch(query, [call_id])
