"""Calls over HTTP: pages, filters, one call, and who sees whom."""

from datetime import timedelta

import pytest

from engine.access.identity import Role
from tests.web.filling import PHONE, START, put_call
from tests.web.world import Site


async def test_pages_follow_one_another_whatever_comes_meanwhile(site: Site) -> None:
    made = [await put_call(site.database, minutes=number // 2) for number in range(7)]
    client = await site.with_key(Role.VIEWER)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await client.get("/api/v1/calls", params={"limit": 3, "after": after})).json()
        found += [call["id"] for call in page["calls"]]
        after = page["next"]
        await put_call(site.database, minutes=60)
    assert len(found) == 7
    assert set(found) == {str(call_id) for call_id in made}


async def test_each_filter_finds_its_calls(site: Site) -> None:
    first = await put_call(site.database, "Скільки коштує доставка?", quality_score=0.9)
    second = await put_call(
        site.database, "Мені потрібні шини", minutes=1, outcome="transferred", scenario="fitting", caller=None,
        quality_score=0.4, prompt_version="0123456789ab",
    )  # fmt: skip
    client = await site.with_key(Role.SUPERVISOR)
    for query, expected in {
        "": [second, first],
        "outcome=transferred": [second],
        "scenario=order": [first],
        "min_score=0.5": [first],
        "max_score=0.5": [second],
        "prompt_version=0123456789ab": [second],
        "caller=067 123-45-67": [first],
        "search=достав": [first],
        "search=ШИНИ": [second],
        "search=шини доставка": [],
        "search=!?": [second, first],
        f"from={(START + timedelta(minutes=1)).isoformat()}": [second],
        f"to={(START + timedelta(minutes=1)).isoformat()}": [first],
        "outcome=silence": [],
    }.items():
        answer = await client.get(f"/api/v1/calls?{query.replace('+', '%2B')}")
        assert [call["id"] for call in answer.json()["calls"]] == [str(each) for each in expected], query


async def test_a_viewer_sees_no_numbers_and_cannot_probe_for_them(site: Site) -> None:
    call_id = await put_call(site.database, "Мій номер 067 123 45 67")
    client = await site.with_key(Role.VIEWER)
    for path in ("/api/v1/calls", f"/api/v1/calls/{call_id}"):
        text = (await client.get(path)).text
        assert "1234567" not in text.replace(" ", "")
        assert "4567" in text
    for query in ("caller=0671234567", "search=0671234567"):
        assert (await client.get(f"/api/v1/calls?{query}")).status_code == 403


async def test_a_supervisor_sees_one_call_whole(site: Site) -> None:
    call_id = await put_call(site.database, "Добрий день", "Дякую")
    client = await site.with_key(Role.SUPERVISOR)
    call = (await client.get(f"/api/v1/calls/{call_id}")).json()
    assert call["caller"] == PHONE
    assert [turn["text"] for turn in call["turns"]] == ["Добрий день", "Дякую"]
    assert call["started_at"] == START.isoformat()


async def test_a_call_is_not_sent_twice_unchanged(site: Site) -> None:
    call_id = await put_call(site.database, "Добрий день")
    client = await site.with_key(Role.SUPERVISOR)
    first = await client.get(f"/api/v1/calls/{call_id}")
    again = await client.get(f"/api/v1/calls/{call_id}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    await site.database.execute("UPDATE calls SET quality_score = 0.5")
    changed = await client.get(f"/api/v1/calls/{call_id}", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_what_a_viewer_has_is_not_what_a_supervisor_gets(site: Site) -> None:
    """By the tag of one a proxy or browser must not be told that the other is unchanged."""
    call_id = await put_call(site.database)
    tags = {(await (await site.with_key(role)).get(f"/api/v1/calls/{call_id}")).headers["etag"] for role in Role}
    assert len(tags) == 2


@pytest.mark.parametrize("call_id", ["0b5e7a53-8f5c-4d5e-9f5a-2b3f0b8a7c11", "nonsense"])
async def test_a_call_that_is_not_there(site: Site, call_id: str) -> None:
    client = await site.with_key(Role.VIEWER)
    answer = await client.get(f"/api/v1/calls/{call_id}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_summary_counts_now(site: Site) -> None:
    await put_call(site.database, quality_score=0.5)
    await put_call(site.database, outcome="transferred", scenario="fitting", minutes=5)
    client = await site.with_key(Role.VIEWER)
    summary = (await client.get("/api/v1/stats/summary?from=2026-11-20&to=2026-11-20")).json()
    assert summary | {"currency": ""} == {
        "calls": 2, "open": 0, "resolved_by_bot": 1, "transferred": 1, "seconds_mean": 60.0, "quality_mean": 0.5,
        "evaluated": 1, "cost": 0.5, "currency": "", "answer_ms": {"p50": 800.0, "p95": 900.0},
        "outcomes": {"completed": 1, "transferred": 1}, "scenarios": {"order": 1, "fitting": 1},
    }  # fmt: skip
    empty = (await client.get("/api/v1/stats/summary?from=2026-10-01&to=2026-10-02")).json()
    assert (empty["calls"], empty["answer_ms"]) == (0, {"p50": None, "p95": None})


@pytest.mark.parametrize("query", ["from=2026-11-20&to=2026-11-19", "from=2020-01-01&to=2026-01-01", "to=0001-01-01"])
async def test_a_stretch_of_days_makes_sense(site: Site, query: str) -> None:
    client = await site.with_key(Role.VIEWER)
    for path in ("daily", "summary"):
        assert (await client.get(f"/api/v1/stats/{path}?{query}")).status_code == 422
