"""Who was erased does not come back with rows that lay on another machine's disk meanwhile."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.database import Database
from engine.records.entries import Entry, entry_of
from engine.records.erasure import erase
from engine.records.replay import replay_folder, replay_segment
from engine.records.rows import (
    ActionRow,
    CallbackRow,
    CallEnded,
    CallStarted,
    EventRow,
    ProfileRow,
    Row,
    ToolCallRow,
    TurnRow,
)
from engine.records.spool import Spool
from engine.records.spool_folder import REFUSED
from engine.records.spool_listing import left_behind
from engine.records.tables import RecordTables
from ops.embedded.postgres import EmbeddedPostgres
from tests.database.fresh import fresh_database
from tests.records.test_erasure import LONGEST, OTHER, PHONE, traces

EARLIER = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    async with fresh_database(server) as database:
        yield database


def began(call_id: UUID, phone: str, at: datetime) -> list[Row]:
    return [CallStarted(call_id, at, caller=phone, channel=f"PJSIP/{phone}-1", engine="far")]


def went_on(call_id: UUID, phone: str, at: datetime) -> list[Row]:
    """With his name in all that can hold it."""
    key, name = (call_id, at), "Іван Франко"
    return [
        TurnRow(*key, 1, at, "caller", name),
        ToolCallRow(*key, 1, at, "confirm_order", {"name": name}, {"name": name}, True, 5),
        EventRow(*key, 1, at, "part_failed", {"error": name}),
        EventRow(*key, 2, at, "waterfall", {"final": 280}),
        ActionRow(str(uuid4()), call_id, phone, "confirm_order", {"name": name}, {"name": name}, "far", at),
        CallbackRow(uuid4(), call_id, phone, name, name, None, at),
        ProfileRow(phone, name, updated_at=at),
        CallEnded(*key, at, "transferred", "asked", name),
    ]


async def replayed(database: Database, tmp_path: Path, rows: list[Row]) -> None:
    spool = Spool.open(tmp_path, 1_000_000)
    spool.append([entry_of(row) for row in rows])
    spool.close()
    for folder in left_behind(tmp_path):
        await replay_folder(folder, RecordTables(database))


async def count(database: Database, name: str) -> int:
    """Rows of any table with it."""
    tables = await database.fetch(
        "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    query = "SELECT count(*) AS n FROM {table} t WHERE t::text LIKE %s"
    return sum([
        (await database.fetch(query, [f"%{name}%"], names={"table": table["name"]}))[0]["n"] for table in tables
    ])  # fmt: skip


async def test_a_call_that_is_replayed_later_comes_without_him(database: Database, tmp_path: Path) -> None:
    await erase(database, PHONE, LONGEST)
    his, others = uuid4(), uuid4()
    await replayed(database, tmp_path, began(his, PHONE, EARLIER) + went_on(his, PHONE, EARLIER))
    assert await traces(database) == []
    assert await count(database, "Франко") == 0
    [kept] = await database.fetch("SELECT * FROM calls")
    assert (kept["id"], kept["outcome"], kept["caller"]) == (his, "transferred", None)
    [action] = await database.fetch("SELECT * FROM store_actions")
    assert (action["phone"], action["abandoned"]) == (None, "erased")
    assert await database.fetch("SELECT data FROM call_events WHERE kind = 'waterfall'") == [{"data": {"final": 280}}]
    await replayed(database, tmp_path, began(others, OTHER, EARLIER) + went_on(others, OTHER, EARLIER))
    assert await count(database, "Франко") == 7


async def test_the_rest_of_a_call_that_was_erased_comes_without_him(database: Database, tmp_path: Path) -> None:
    """Its beginning was in the tables, and is what the number was known from."""
    his = uuid4()
    await RecordTables(database).write([entry_of(row) for row in began(his, PHONE, EARLIER)])
    await erase(database, PHONE, timedelta(0))
    await replayed(database, tmp_path, went_on(his, PHONE, EARLIER))
    assert (await traces(database), await count(database, "Франко")) == ([], 0)


async def test_the_rest_may_come_from_yet_another_spool(database: Database, tmp_path: Path) -> None:
    his = uuid4()
    await erase(database, PHONE, LONGEST)
    await replayed(database, tmp_path, began(his, PHONE, EARLIER))
    await replayed(database, tmp_path, went_on(his, PHONE, EARLIER))
    assert (await traces(database), await count(database, "Франко")) == ([], 0)


async def test_who_calls_again_is_on_record_again(database: Database, tmp_path: Path) -> None:
    await erase(database, PHONE, LONGEST)
    later, call_id = datetime.now(UTC) + timedelta(seconds=1), uuid4()
    await replayed(database, tmp_path, began(call_id, PHONE, later) + went_on(call_id, PHONE, later))
    assert await count(database, "Франко") == 7


async def test_what_no_table_takes_is_set_aside_as_ever(database: Database, tmp_path: Path) -> None:
    await erase(database, PHONE, LONGEST)
    odd = [
        Entry("TurnRow", b'{"call_id":"none"}', None),
        Entry("ProfileRow", b'{"phone":"x","updated_at":"once"}', None),
    ]
    spool = Spool.open(tmp_path, 1_000_000)
    spool.append([*odd, *(entry_of(row) for row in began(uuid4(), PHONE, EARLIER))])
    assert await replay_segment(spool, RecordTables(database)) is not None
    spool.close()
    assert len((spool.path / REFUSED).read_text().splitlines()) == 2
    assert await database.fetch("SELECT caller FROM calls") == [{"caller": None}]


async def test_the_number_cannot_be_read_off_the_trace(database: Database) -> None:
    await erase(database, PHONE, LONGEST)
    await erase(database, PHONE, LONGEST)
    first, second = await database.fetch("SELECT salt, hash FROM erased_numbers ORDER BY id")
    assert first["hash"] != second["hash"]
    assert b"671234567" not in first["hash"] + first["salt"]
