"""Lists end somewhere, and go on where they ended, whatever comes meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from engine.access.identity import Role
from engine.database import Database
from engine.records.cursors import cursor_of
from ops.jobs import runs
from tests.web.filling import START, put_call
from tests.web.world import Site

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def put_callback(database: Database, *, minutes: int, done: int | None = None) -> UUID:
    request = uuid4()
    await database.execute(
        "INSERT INTO callback_requests (id, call_id, created_at, phone, done_at) VALUES (%s, %s, %s, %s, %s)",
        [request, uuid4(), NOW + timedelta(minutes=minutes), "+380671234567",
         None if done is None else NOW + timedelta(minutes=done)],
    )  # fmt: skip
    return request


async def walked(
    client: httpx.AsyncClient, path: str, name: str, key: str, parameter: str = "after", **query: Any
) -> list[Any]:
    """What stands on all pages of two."""
    found: list[Any] = []
    query["limit"] = 2
    while True:
        page = (await client.get(path, params=query)).json()
        assert len(page[name]) <= 2
        found += [row[key] for row in page[name]]
        if page["next"] is None:
            return found
        query[parameter] = page["next"]


async def test_callers_page_by_page(site: Site) -> None:
    for number in range(5):
        await put_call(site.database, caller=f"+38067123456{number}", minutes=number // 2)
    await site.database.execute("INSERT INTO customers (phone) VALUES ('+380500000002'), ('+380500000001')")
    client = await site.with_key(Role.SUPERVISOR)
    assert await walked(client, "/api/v1/customers", "customers", "phone") == [
        "+380671234564", "+380671234562", "+380671234563", "+380671234560", "+380671234561", "+380500000001",
        "+380500000002",
    ]  # fmt: skip


async def test_call_backs_page_by_page(site: Site) -> None:
    waiting = [await put_callback(site.database, minutes=number // 2) for number in range(5)]
    called = [await put_callback(site.database, minutes=0, done=number) for number in (30, 20, 10)]
    client = await site.with_key(Role.VIEWER)
    found = await walked(client, "/api/v1/callbacks", "callbacks", "id")
    assert (sorted(found), len(found)) == (sorted(map(str, waiting)), 5)
    assert found[4] == str(waiting[4]), "who waits longest comes first"
    everybody = await walked(client, "/api/v1/callbacks", "callbacks", "id", all=True)
    assert everybody == [*found, *map(str, called)]


async def test_runs_of_jobs_page_by_page(site: Site) -> None:
    site.jobs.runs = [{"id": number} for number in range(5, 0, -1)]
    client = await site.with_key(Role.VIEWER)
    assert await walked(client, "/api/v1/jobs/runs", "runs", "id", "before") == [5, 4, 3, 2, 1]


async def test_runs_on_record_are_told_from_a_number_on(database: Database) -> None:
    await database.execute("DELETE FROM job_runs")
    made = [await runs.begin(database, "partitions", None) for _ in range(3)]
    found = await runs.history(database, job="partitions", limit=1, before=made[2])
    assert [run.id for run in found] == [made[1]]


@pytest.mark.parametrize("after", ["x", "////", cursor_of("x"), cursor_of("x", "y"), cursor_of(START, "x", "y")])
async def test_a_cursor_that_is_none_of_ours_is_refused(site: Site, after: str) -> None:
    client = await site.with_key(Role.SUPERVISOR)
    for path in ("customers", "callbacks"):
        answer = await client.get(f"/api/v1/{path}", params={"after": after})
        assert answer.status_code == 422, answer.text
