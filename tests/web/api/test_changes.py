"""Articles, instructions, call-backs, live calls, callers, jobs and settings over HTTP."""

from functools import partial
from uuid import uuid4

import httpx
import pytest

from engine.access.identity import Role
from engine.knowledge.search import open_search
from tests.web.filling import PHONE, put_call
from tests.web.world import Site

ARTICLE = {"path": "delivery.md", "title": "Доставка", "category": "delivery", "text": "Доставка коштує 80 гривень."}
PROMPT = {"name": "polite", "text": "Будь чемним."}


@pytest.fixture
async def client(site: Site) -> httpx.AsyncClient:
    return await site.with_key(Role.SUPERVISOR)


async def test_an_article_is_written_found_changed_and_taken_away(site: Site, client: httpx.AsyncClient) -> None:
    changed: list[str] = []
    site.backend.articles_changed = partial(changed.append, "changed")
    made = await client.post("/api/v1/knowledge/articles", json=ARTICLE)
    assert made.status_code == 201, made.text
    article = made.json()
    where = f"/api/v1/knowledge/articles/{article['id']}"
    assert changed == ["changed"]

    from datetime import date

    async with open_search(site.database, None, date.today) as search:
        site.backend.knowledge = search
        found = await client.get("/api/v1/knowledge/search", params={"q": "скільки коштує доставка"})
        assert [each["source"] for each in found.json()["passages"]] == ["delivery.md"]

        content = {name: value for name, value in ARTICLE.items() if name != "path"} | {
            "text": "Самовивіз безкоштовно."
        }
        assert (await client.put(where, json=content)).status_code == 428
        stale = await client.put(where, json=content, headers={"If-Match": '"0000"'})
        assert stale.status_code == 412
        done = await client.put(where, json=content, headers={"If-Match": made.headers["etag"]})
        assert (done.status_code, done.json()["text"]) == (200, "Самовивіз безкоштовно.")
        lost = await client.put(where, json=content, headers={"If-Match": made.headers["etag"]})
        assert lost.status_code == 412, "somebody else was quicker"
        found = await client.get("/api/v1/knowledge/search", params={"q": "скільки гривень"})
        assert found.json()["passages"] == []

    same = await client.get(where, headers={"If-None-Match": done.headers["etag"]})
    assert same.status_code == 304
    assert (await client.get(where, headers={"If-None-Match": "*"})).status_code == 304
    assert (await client.put(where, json=content, headers={"If-Match": "*"})).status_code == 200
    assert (await client.delete(where, headers={"If-Match": "*"})).status_code == 204
    assert (await client.delete(where, headers={"If-Match": "*"})).status_code == 404
    assert (await client.get(where)).status_code == 404


async def test_other_articles_stay_as_they_are(client: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await client.post("/api/v1/knowledge/articles", json=ARTICLE | {"path": f"{name}.md"})
    listed = (await client.get("/api/v1/knowledge/articles")).json()["articles"]
    tag = (await client.get(f"/api/v1/knowledge/articles/{listed[1]['id']}")).headers["etag"]
    await client.delete(f"/api/v1/knowledge/articles/{listed[1]['id']}", headers={"If-Match": tag})
    left = (await client.get("/api/v1/knowledge/articles")).json()["articles"]
    assert left == [listed[0], listed[2]]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [({"category": "nonsense"}, 422, "category"), ({"text": "# лише заголовок"}, 422, "no text"),
     ({"title": "x\ny"}, 422, "title"), ({"path": "../etc/passwd.md"}, 422, "path"), ({"path": "a.txt"}, 422, "path"),
     ({"language": "ukrainian"}, 422, "language"), ({"title": "x" * 160}, 422, "longer")],
)  # fmt: skip
async def test_what_is_no_article_is_refused_with_the_reason(
    client: httpx.AsyncClient, change: dict[str, str], status: int, told: str
) -> None:
    answer = await client.post("/api/v1/knowledge/articles", json=ARTICLE | change)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text


async def test_an_article_of_a_path_is_made_once(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/v1/knowledge/articles", json=ARTICLE)).status_code == 201
    assert (await client.post("/api/v1/knowledge/articles", json=ARTICLE)).status_code == 409


async def test_instructions_are_written_and_shared_out(site: Site, client: httpx.AsyncClient) -> None:
    version = (await client.post("/api/v1/prompts", json=PROMPT)).json()
    assert version["share"] == 0
    assert version["created_by"].startswith("key ")
    again = await client.post("/api/v1/prompts", json=PROMPT | {"name": "other"})
    assert (again.status_code, again.json()["id"]) == (200, version["id"])
    other = (await client.post("/api/v1/prompts", json=PROMPT | {"text": "Будь дуже чемним."})).json()

    now = await client.get("/api/v1/prompts/active")
    shares = {"shares": {version["id"]: 0.25, other["id"]: 0.5}}
    assert (await client.put("/api/v1/prompts/active", json=shares)).status_code == 428
    done = await client.put("/api/v1/prompts/active", json=shares, headers={"If-Match": now.headers["etag"]})
    assert (done.status_code, done.json()) == (200, shares)
    read = await client.get("/api/v1/prompts/active")
    assert (read.json(), read.headers["etag"]) == (shares, done.headers["etag"])
    lost = await client.put("/api/v1/prompts/active", json=shares, headers={"If-Match": now.headers["etag"]})
    assert lost.status_code == 412
    one = {"shares": {other["id"]: 1.0}}
    await client.put("/api/v1/prompts/active", json=one, headers={"If-Match": "*"})
    listed = (await client.get("/api/v1/prompts")).json()["prompts"]
    assert {each["id"]: each["share"] for each in listed} == {version["id"]: 0.0, other["id"]: 1.0}
    whole = await client.get(f"/api/v1/prompts/{other['id']}")
    assert whole.json()["text"] == "Будь дуже чемним."


@pytest.mark.parametrize("shares", [{"0" * 12: 0.5}, {"0" * 12: 1.5}, {"x": 0.5}, {"0" * 12: 0}])
async def test_shares_that_make_no_sense_are_refused(client: httpx.AsyncClient, shares: dict[str, float]) -> None:
    now = await client.get("/api/v1/prompts/active")
    done = await client.put(
        "/api/v1/prompts/active", json={"shares": shares}, headers={"If-Match": now.headers["etag"]}
    )
    assert done.status_code == 422


async def test_more_than_all_calls_cannot_be_shared_out(client: httpx.AsyncClient) -> None:
    ids = [(await client.post("/api/v1/prompts", json={"name": "n", "text": text})).json()["id"] for text in "ab"]
    now = await client.get("/api/v1/prompts/active")
    done = await client.put(
        "/api/v1/prompts/active", json={"shares": dict.fromkeys(ids, 0.6)}, headers={"If-Match": now.headers["etag"]}
    )
    assert (done.status_code, "more than 1" in done.text) == (422, True)


async def test_results_are_told_of_each_version(site: Site, client: httpx.AsyncClient) -> None:
    version = (await client.post("/api/v1/prompts", json=PROMPT)).json()["id"]
    await put_call(site.database, prompt_version=version, quality_score=0.5)
    await site.database.execute("SELECT ensure_partitions(now())")
    await site.database.execute("UPDATE calls SET started_at = now() - interval '1 day'")
    [told] = (await client.get("/api/v1/prompts")).json()["prompts"]
    assert (told["calls"], told["quality_mean"], told["transferred"]) == (1, 0.5, 0)


async def test_a_call_back_is_ticked_off_once(site: Site, client: httpx.AsyncClient) -> None:
    callback = uuid4()
    await site.database.execute(
        "INSERT INTO callback_requests (id, call_id, phone, name) VALUES (%s, %s, %s, 'Олена')",
        [callback, uuid4(), PHONE],
    )
    viewer = await site.with_key(Role.VIEWER)
    [masked] = (await viewer.get("/api/v1/callbacks")).json()["callbacks"]
    [waiting] = (await client.get("/api/v1/callbacks")).json()["callbacks"]
    assert (masked["phone"], masked["name"]) == ("+38067***4567", "О***")
    assert (waiting["phone"], waiting["name"]) == (PHONE, "Олена")
    done = f"/api/v1/callbacks/{callback}/done"
    assert [(await client.post(done, json={"result": "замовив"})).status_code for _ in range(2)] == [204, 409]
    assert (await client.post(f"/api/v1/callbacks/{uuid4()}/done", json={})).status_code == 404
    assert (await client.get("/api/v1/callbacks")).json()["callbacks"] == []
    [ticked] = (await client.get("/api/v1/callbacks?all=true")).json()["callbacks"]
    assert ticked["result"] == "замовив"


async def test_a_live_call_is_seen_and_ended(site: Site, client: httpx.AsyncClient) -> None:
    call_id = uuid4()
    site.live.calls[call_id] = {"state": "listening", "turn": 1, "history": ["Мій номер 0671234567"]}
    [seen] = (await client.get("/api/v1/live")).json()["calls"]
    assert (seen["id"], seen["state"]) == (str(call_id), "listening")
    assert "0671234567" not in (await (await site.with_key(Role.VIEWER)).get("/api/v1/live")).text
    assert (await client.delete(f"/api/v1/live/{call_id}")).status_code == 202
    assert site.live.ended == [call_id]
    assert (await client.delete(f"/api/v1/live/{uuid4()}")).status_code == 404


async def test_a_caller_is_shown_exported_and_erased(site: Site, client: httpx.AsyncClient) -> None:
    await put_call(site.database, "Мій номер 067 123 45 67")
    admin = await site.with_key(Role.ADMIN)
    where = f"/api/v1/customers/{PHONE}"
    assert len((await client.get("/api/v1/customers")).json()["customers"]) == 1
    assert len((await client.get(where)).json()["calls"]) == 1
    assert (await client.get(f"{where}/export")).json()["calls"][0]["turns"]
    erased = await admin.delete(where)
    assert {"table": "calls", "what": "anonymised", "rows": 1} in erased.json()["erased"]
    assert (await client.get(where)).status_code == 404
    assert (await client.get("/api/v1/customers/12345")).status_code == 422


async def test_jobs_settings_and_partitions(site: Site) -> None:
    admin = await site.with_key(Role.ADMIN)
    assert [job["name"] for job in (await admin.get("/api/v1/jobs")).json()["jobs"]] == ["partitions"]
    assert (await admin.get("/api/v1/jobs/runs")).json() == {"runs": [], "next": None}
    for name, status in (("partitions", 202), ("nonsense", 404), ("backup", 503)):
        assert (await admin.post(f"/api/v1/jobs/{name}/runs")).status_code == status
    await site.database.execute("SELECT ensure_partitions(now())")
    tables = (await admin.get("/api/v1/partitions")).json()["tables"]
    assert "calls" in {table["table"] for table in tables}
    settings = {each["variable"]: each["value"] for each in (await admin.get("/api/v1/config")).json()["settings"]}
    assert settings["DATABASE_URL"] == "***"


async def test_the_trail_is_read_page_by_page(site: Site) -> None:
    admin = await site.with_key(Role.ADMIN)
    for number in range(3):
        await admin.get(f"/api/v1/customers/067123456{number}")
    first = (await admin.get("/api/v1/audit?limit=2")).json()["entries"]
    rest = (await admin.get(f"/api/v1/audit?limit=2&before={first[-1]['id']}")).json()["entries"]
    assert [entry["object"] for entry in (*first, *rest)] == ["+38067***4562", "+38067***4561", "+38067***4560"]
