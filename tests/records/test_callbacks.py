"""Call-backs and profiles in their tables: once, the latest words, and ticked off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from engine.database import Database
from engine.records import callbacks
from engine.records.entries import entry_of
from engine.records.rows import CallbackRow, ProfileRow, Row
from engine.records.tables import RecordTables

ASKED_AT = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
PHONE = "+380671234567"


def request() -> CallbackRow:
    return CallbackRow(uuid4(), uuid4(), PHONE, "Олена", "Шини R16", "завтра", ASKED_AT)


async def write(database: Database, *rows: Row) -> None:
    await database.execute("TRUNCATE callback_requests, customers")
    await append(database, *rows)


async def append(database: Database, *rows: Row) -> None:
    assert await RecordTables(database).write([entry_of(row) for row in rows]) == []


async def test_a_request_is_there_once_with_the_latest_words(database: Database) -> None:
    first = request()
    later = replace(first, name=None, note="Шини R17", preferred_time=None, created_at=ASKED_AT + timedelta(minutes=1))
    await write(database, first, later, first)
    await append(database, first)
    [found] = await callbacks.listed(database, everything=False, limit=10)
    assert (found["id"], found["phone"], found["name"], found["note"], found["preferred_time"]) == (
        first.id, PHONE, "Олена", "Шини R17", "завтра",
    )  # fmt: skip


async def test_the_longest_waiting_comes_first_and_is_ticked_off_once(database: Database) -> None:
    old, new = request(), replace(request(), created_at=ASKED_AT + timedelta(hours=1))
    await write(database, new, old)
    waiting = await callbacks.listed(database, everything=False, limit=10)
    assert [row["id"] for row in waiting] == [old.id, new.id]
    assert await callbacks.mark_done(database, old.id, "ivan", "ordered")
    assert not await callbacks.mark_done(database, old.id, "petro", None)
    assert not await callbacks.mark_done(database, uuid4(), "petro", None)
    assert [row["id"] for row in await callbacks.listed(database, everything=False, limit=10)] == [new.id]
    everything = await callbacks.listed(database, everything=True, limit=10)
    assert [(row["id"], row["done_by"], row["result"]) for row in everything] == [
        (new.id, None, None), (old.id, "ivan", "ordered"),
    ]  # fmt: skip
    await append(database, replace(old, note="спізнилося", created_at=ASKED_AT + timedelta(hours=2)))
    done = (await callbacks.listed(database, everything=True, limit=10))[1]
    assert done["note"] == "Шини R16", "who has been called is not asked for anew by a late row"


async def test_a_profile_grows_and_an_old_row_overwrites_nothing(database: Database) -> None:
    now = datetime.now(UTC)
    told = ProfileRow(PHONE, "Олена", "Київ", updated_at=now)
    await write(database, told, ProfileRow(PHONE, vehicle="Octavia", updated_at=now + timedelta(seconds=1)))
    await append(database, ProfileRow(PHONE, "Оленка", address="Хрещатик 1", updated_at=now - timedelta(days=1)))
    await append(database, ProfileRow(PHONE, city="Львів", updated_at=now + timedelta(days=1)))
    [row] = await database.fetch("SELECT name, city, vehicle, address FROM customers")
    assert tuple(row.values()) == ("Олена", "Львів", "Octavia", "Хрещатик 1")
