"""What the pages show to whom, and what their forms change: over the real application and database."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from engine.access import links, users
from engine.access.identity import Role
from engine.access.sessions import LIFETIME
from engine.web.console.languages import words
from tests.console.visitor import CSRF, Visitor, hidden, log_in, text_of
from tests.web.filling import PHONE, put_call
from tests.web.world import PASSWORD, Site

PAGES = ("/live", "/calls", "/stats", "/knowledge", "/prompts", "/callbacks", "/jobs", "/system")
MASKED = "+38067***4567"
NOBODYS = "0190a0b4-0000-7000-8000-000000000000"
ARTICLE = {
    "path": "storage.md", "title": "Зберігання шин", "category": "general", "language": "uk", "valid_until": "",
    "text": "Шини зберігаємо на складі **шість місяців** за 900 гривень.",
}  # fmt: skip


@pytest.mark.parametrize("language", ["uk", "en"])
@pytest.mark.parametrize("role", list(Role))
async def test_every_page_is_made_for_everybody_in_both_languages(site: Site, role: Role, language: str) -> None:
    await put_call(site.database, "Потрібні шини", scenario="tires", quality_score=0.8)
    visitor = await log_in(site, role, language)
    for path in PAGES:
        html = await visitor.page(path)
        assert f'<html lang="{language}">' in html
        assert 'aria-current="page"' in html


async def test_of_all_texts_only_notices_are_shown_on_demand(site: Site) -> None:
    """Others have places for values, and an address is anybody's to write."""
    visitor = Visitor(site.client(headers={"Accept-Language": "en"}))
    for name in ("first.for", "login.wait", "calls.title", "nav.live", "nothing", "{x}"):
        assert 'role="status"' not in await visitor.page("/login", done=name)
    assert "Saved" in text_of(await visitor.page("/login", done="article_saved"))


async def test_no_number_is_too_long(site: Site) -> None:
    visitor, nines = await log_in(site, Role.ADMIN), "9" * 5000
    query = dict.fromkeys(
        ("days", "after", "min_score", "max_score", "from", "to", "job", "against", "all", "q"), nines
    )
    for path in (*PAGES, *(f"{page}/{nines}" for page in PAGES), f"/knowledge/{nines}/edit", "/knowledge/²"):
        answer = await visitor.get(path, **query)
        assert answer.status_code in (200, 404, 422), (path[:40], answer.text)


@pytest.mark.parametrize("path", [*PAGES, "/live/now", "/knowledge/new", f"/calls/{NOBODYS}"])
async def test_nobody_sees_a_page_without_logging_in(site: Site, path: str) -> None:
    answer = await site.client().get(f"/console{path}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login?next=")


async def test_after_logging_in_one_is_where_one_wanted_to_be_but_never_elsewhere(site: Site) -> None:
    await site.add_user("olena", Role.VIEWER)
    for wanted, reached in (("/console/jobs?job=quality", "/console/jobs?job=quality"),
                            ("https://evil.example/console/", "/console/live"), ("//evil.example", "/console/live"),
                            ("/console/\\evil.example", "/console/live")):  # fmt: skip
        given = {"name": "olena", "password": PASSWORD, "next": wanted}
        answer = await site.client().post("/console/login", data=given)
        assert answer.headers["location"] == reached


async def test_the_first_link_sets_a_password_once(site: Site) -> None:
    user = await users.add(site.database, "admin", Role.ADMIN)
    assert user is not None
    token = await links.issue(site.database, user)
    visitor = Visitor(site.client(headers={"Accept-Language": "en"}))
    assert "User admin" in text_of(await visitor.page("/first", token=token))
    weak = await visitor.client.post("/console/first", data={"token": token, "password": "short", "again": "short"})
    assert weak.status_code == 422
    differ = await visitor.client.post("/console/first", data={"token": token, "password": PASSWORD, "again": "x"})
    assert "differ" in text_of(differ.text)
    given = {"token": token, "password": PASSWORD, "again": PASSWORD}
    done = await visitor.client.post("/console/first", data=given, follow_redirects=True)
    assert "Log out" in text_of(done.text)
    assert f"Max-Age={int(LIFETIME.total_seconds())}" in done.history[0].headers["set-cookie"]
    assert (await visitor.get("/first", token=token)).status_code == 404


async def test_a_wrong_password_tells_nothing_and_logging_out_ends_it(site: Site) -> None:
    visitor = await log_in(site, Role.VIEWER)
    wrong = await site.client().post("/console/login", data={"name": "a-viewer", "password": "<script>"})
    unknown = await site.client().post("/console/login", data={"name": "nobody", "password": "<script>"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("a-viewer", "nobody") == unknown.text
    assert (await visitor.send("/logout")).url.path == "/console/login"
    assert (await visitor.get("/calls")).url.path == "/console/login"


async def test_what_was_filled_in_outlives_the_session(site: Site) -> None:
    """It goes along through the log-in, a wrong password too, and is sent once one says so; nothing is done before."""
    visitor = await log_in(site, Role.SUPERVISOR)
    token = CSRF.search(await visitor.page("/knowledge/new"))
    await site.database.execute("DELETE FROM user_sessions")
    form = {**ARTICLE, "text": 'Рядок "перший"\n\nДругий <b>', "csrf": token[1] if token else ""}
    answer = await visitor.client.post("/console/knowledge/new", data=form)
    assert answer.status_code == 401
    assert "The session is over" in text_of(answer.text)
    for password in ("wrong", PASSWORD):
        credentials = {"name": "a-supervisor", "password": password}
        answer = await visitor.client.post("/console/login", data=hidden(answer.text) | credentials)
    assert not await site.database.fetch("SELECT FROM articles")
    assert 'action="/console/knowledge/new"' in answer.text
    saved = await visitor.client.post("/console/knowledge/new", data=hidden(answer.text), follow_redirects=True)
    assert "Saved" in text_of(saved.text)
    [article] = await site.database.fetch("SELECT path, text FROM articles")
    assert (article["path"], article["text"]) == (ARTICLE["path"], form["text"])


async def test_a_button_without_a_session_leads_to_the_log_in(site: Site) -> None:
    visitor = await log_in(site, Role.ADMIN)
    await site.database.execute("DELETE FROM user_sessions")
    referer = {"Referer": "http://127.0.0.1/console/jobs?done=job_started"}
    for path, before, after in (("/logout", {}, "/console/"), ("/jobs/partitions/run", referer, "/console/jobs")):
        answer = await visitor.client.post(f"/console{path}", headers=before, follow_redirects=True)
        assert (answer.url.path, answer.url.params["next"]) == ("/console/login", after)
        assert "The session is over" in text_of(answer.text)
    assert not site.jobs.started


async def test_another_site_gets_no_form_through_the_log_in(site: Site) -> None:
    """Else whoever logs in there would be asked to send what somebody else filled in."""
    foreign = {"Origin": "https://evil.example"}
    answer = await site.client().post("/console/prompts/new", data={"name": "x", "text": "y"}, headers=foreign)
    assert answer.status_code == 403


@pytest.mark.parametrize("language", ["en", "uk"])
async def test_what_is_wrong_with_an_article_is_told_in_the_language_of_the_page(site: Site, language: str) -> None:
    visitor, texts = await log_in(site, Role.SUPERVISOR, language), words(language)
    for field, value in (("path", "../x"), ("title", ""), ("title", "a\nb"), ("title", "x" * 151), ("category", "x"),
                         ("language", "ukr"), ("valid_until", "tomorrow"), ("text", "# лише заголовок")):  # fmt: skip
        answer = await visitor.send("/knowledge/new", "/knowledge/new", **ARTICLE | {field: value})
        assert answer.status_code == 422
        assert texts(f"knowledge.wrong_{field}") in text_of(answer.text)


async def test_a_call_says_in_words_what_is_on_record_as_a_code(site: Site) -> None:
    call = await put_call(site.database, "Алло", outcome="transferred")
    await site.database.execute("UPDATE calls SET transfer_reason = 'write_error: Broken pipe' WHERE id = %s", [call])
    await site.database.execute(
        "INSERT INTO call_events (call_id, started_at, n, at, kind, data)"
        " SELECT id, started_at, 1, started_at, 'ungrounded', %s::jsonb FROM calls",
        ['{"turn": 1, "kinds": ["price", "term"], "outcome": "replaced"}'],
    )
    stopped = await put_call(site.database, outcome="interrupted", minutes=1)
    visitor = await log_in(site, Role.VIEWER)
    shown = text_of(await visitor.page(f"/calls/{call}"))
    assert "of: price, term · outcome: a phrase was said instead" in shown
    assert "the line could not be written to: Broken pipe" in shown
    found = await visitor.page("/calls", outcome="interrupted")
    assert (found.count("/console/calls/"), str(stopped) in found) == (1, True)
    assert '<option value="interrupted" selected>engine stopped</option>' in found


FORMS: list[tuple[str, dict[str, str], Role]] = [
    ("/knowledge/new", ARTICLE, Role.SUPERVISOR),
    ("/prompts/new", {"name": "brief", "text": "Коротко."}, Role.SUPERVISOR),
    ("/prompts", {"tag": "x"}, Role.SUPERVISOR),
    (f"/callbacks/{NOBODYS}", {"result": ""}, Role.SUPERVISOR),
    (f"/live/{NOBODYS}/hang-up", {}, Role.SUPERVISOR),
    ("/jobs/partitions/run", {}, Role.ADMIN),
]


@pytest.mark.parametrize(("path", "form", "role"), FORMS)
async def test_a_change_needs_the_role_the_token_and_our_own_site(
    site: Site, path: str, form: dict[str, str], role: Role
) -> None:
    below = list(Role)[list(Role).index(role) - 1]
    assert (await (await log_in(site, below)).send(path, **form)).status_code == 403
    visitor = await log_in(site, role)
    without = await visitor.client.post(f"/console{path}", data=form)
    assert without.status_code == 403
    foreign = {"Origin": "https://evil.example"}
    assert (await visitor.client.post(f"/console{path}", data=form, headers=foreign)).status_code == 403
    assert (await visitor.send(path, **form)).status_code != 403
    assert not site.jobs.started or role is Role.ADMIN


async def test_a_viewer_sees_no_phone_and_finds_none(site: Site) -> None:
    call = await put_call(site.database, f"Мій номер {PHONE}, мене звати Олена Петренко")
    viewer, supervisor = await log_in(site, Role.VIEWER), await log_in(site, Role.SUPERVISOR)
    for path in ("/calls", f"/calls/{call}", f"/live/{call}"):
        seen = await viewer.page(path)
        assert MASKED in seen
        assert PHONE not in seen
        assert "Петренко" not in seen
        assert PHONE in await supervisor.page(path)
    other = await viewer.page("/calls", caller="+380670000000", search="ніколи")
    assert MASKED in other, "a viewer cannot look for people"
    assert "no such calls" in text_of(await supervisor.page("/calls", caller="+380670000000"))


async def test_calls_are_found_and_paged(site: Site) -> None:
    for minute in range(60):
        await put_call(site.database, "Доставка у Львів" if minute % 2 else "Шини", minutes=minute,
                       outcome="completed" if minute % 3 else "transferred")  # fmt: skip
    visitor = await log_in(site, Role.SUPERVISOR)
    first = await visitor.page("/calls")
    assert first.count("/console/calls/") == 50
    [older] = [part.split('"')[0] for part in first.split('href="/console/calls?')[1:] if "after=" in part]
    answer = await visitor.client.get(f"/console/calls?{older.replace('&amp;', '&')}")
    assert answer.text.count("/console/calls/") == 10
    assert (await visitor.page("/calls", outcome="transferred")).count("/console/calls/") == 20
    assert (await visitor.page("/calls", search="достав", to="2026-11-20")).count("/console/calls/") == 30
    assert "no such calls" in text_of(await visitor.page("/calls", **{"from": "2026-11-21"}))
    for wrong in ({"from": "yesterday"}, {"to": "9999-12-31"}, {"min_score": "nan"}, {"caller": "abc"}):
        assert (await visitor.get("/calls", **wrong)).status_code == 422


async def test_an_article_is_written_previewed_found_changed_and_taken_away(site: Site) -> None:
    visitor = await log_in(site, Role.SUPERVISOR)
    shown = await visitor.send("/knowledge/new", "/knowledge/new", **ARTICLE, preview="1")
    assert "<strong>шість місяців</strong>" in shown.text
    hostile = {**ARTICLE, "text": "<script>alert(1)</script> [x](javascript:alert(1))"}
    shown = await visitor.send("/knowledge/new", "/knowledge/new", **hostile, preview="1")
    assert "<script>alert" not in shown.text
    assert 'href="javascript' not in shown.text
    assert not await site.database.fetch("SELECT FROM audit_log WHERE what = 'articles.write'"), "only looked at"
    saved = await visitor.send("/knowledge/new", "/knowledge/new", **ARTICLE)
    assert "Saved" in text_of(saved.text)
    path = saved.url.path.removeprefix("/console")
    again = await visitor.send("/knowledge/new", "/knowledge/new", **ARTICLE)
    assert again.status_code == 422
    tag = (await visitor.page(f"{path}/edit")).partition('name="tag" value="')[2].partition('"')[0]
    changed = {**ARTICLE, "text": "Тепер вісім місяців.", "tag": tag}
    assert "вісім" in (await visitor.send(f"{path}/edit", f"{path}/edit", **changed)).text
    late = await visitor.send(f"{path}/edit", f"{path}/edit", **changed)
    assert late.status_code == 422, "somebody else was quicker"
    tag = (await visitor.page(path)).partition('name="tag" value="')[2].partition('"')[0]
    assert "removed" in text_of((await visitor.send(f"{path}/remove", path, tag=tag)).text)
    assert (await visitor.get(path)).status_code == 404


async def test_instructions_are_compared_and_given_their_share(site: Site) -> None:
    visitor = await log_in(site, Role.SUPERVISOR)
    made = []
    for text in ("Ти продавець.\nГовори коротко.", "Ти продавець.\nГовори докладно."):
        saved = await visitor.send("/prompts/new", "/prompts/new", name=text[-9:], text=text)
        made.append(saved.url.path.rpartition("/")[2])
    compared = await visitor.page(f"/prompts/{made[1]}", against=made[0])
    assert "<del>Говори коротко.</del>" in compared
    assert "<ins>Говори докладно.</ins>" in compared
    tag = (await visitor.page("/prompts")).partition('name="tag" value="')[2].partition('"')[0]
    shares: dict[str, str] = {f"share.{made[0]}": "60", f"share.{made[1]}": "60", "tag": tag}
    assert (await visitor.send("/prompts", "/prompts", **shares)).status_code == 422
    shares[f"share.{made[1]}"] = "12,5"
    assert "27%" in text_of((await visitor.send("/prompts", "/prompts", **shares)).text).replace("28%", "27%")
    late = await visitor.send("/prompts", "/prompts", **shares)
    assert late.status_code == 409


async def test_a_call_back_is_ticked_off(site: Site) -> None:
    number = uuid4()
    await site.database.execute(
        "INSERT INTO callback_requests (id, call_id, created_at, phone, name, note)"
        " VALUES (%s, %s, %s, %s, 'Олена', 'ціна R16')",
        [number, uuid4(), datetime.now(UTC) - timedelta(hours=1), PHONE],
    )
    viewer = await log_in(site, Role.VIEWER)
    assert PHONE not in await viewer.page("/callbacks")
    visitor = await log_in(site, Role.SUPERVISOR)
    assert "ціна R16" in await visitor.page("/callbacks")
    done = await visitor.send(f"/callbacks/{number}", "/callbacks", result="замовила")
    assert "Nobody is waiting" in text_of(done.text)
    assert "замовила" in await visitor.page("/callbacks", all="1")
    assert "already" in text_of((await visitor.send(f"/callbacks/{number}", result="")).text)


async def test_call_backs_and_runs_are_paged(site: Site) -> None:
    await site.database.execute(
        "INSERT INTO callback_requests (id, call_id, phone, created_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), %s, now() FROM generate_series(1, 60)",
        [PHONE],
    )
    moment = datetime.now(UTC)
    run = {"job": "partitions", "scheduled_for": None, "started_at": moment, "finished_at": moment, "ok": True,
           "output": "", "host": "x"}  # fmt: skip
    site.jobs.runs = [run | {"id": number} for number in range(60, 0, -1)]
    visitor = await log_in(site, Role.SUPERVISOR)
    for path, row in (("/callbacks?all=1", 'class="card callback"'), ("/jobs?job=partitions", 'data-label="Report"')):
        first = await visitor.client.get(f"/console{path}")
        [following] = re.findall(r'href="([^"]*(?:after|before)=[^"]*)"', first.text)
        second = await visitor.client.get(unescape(following))
        assert (first.text.count(row), second.text.count(row)) == (50, 10)
        assert not re.findall(r"(?:after|before)=", second.text.partition("<main")[2])


async def test_calls_in_progress_are_seen_and_ended(site: Site) -> None:
    call = await put_call(site.database, "Алло", ended_at=None, outcome=None)
    site.live.calls[call] = {"state": "speaking", "turn": 2, "cost": "0.0123", "history": {}}
    visitor = await log_in(site, Role.SUPERVISOR)
    assert "speaking" in await visitor.page("/live/now")
    assert "Алло" in await visitor.page(f"/live/{call}/now")
    await visitor.send(f"/live/{call}/hang-up", f"/live/{call}")
    assert site.live.ended == [call]
    del site.live.calls[call]
    assert "data-over" not in await visitor.page(f"/live/{call}/now"), "its end is not on record yet"
    await site.database.execute("UPDATE calls SET outcome = 'completed', ended_at = now() WHERE id = %s", [call])
    assert "data-over" in await visitor.page(f"/live/{call}/now")
    assert (await visitor.get(f"/live/{uuid4()}")).status_code == 404


async def test_a_job_is_begun_by_an_administrator(site: Site) -> None:
    visitor = await log_in(site, Role.ADMIN)
    answer = await visitor.send("/jobs/partitions/run", "/jobs")
    assert "Started" in text_of(answer.text)
    assert site.jobs.started == ["partitions"]
    assert "No scheduler" in text_of((await visitor.send("/jobs/backup/run", "/jobs")).text)
    assert (await visitor.send("/jobs/strange/run", "/jobs")).status_code == 404


async def test_the_language_is_chosen_and_kept(site: Site) -> None:
    visitor = Visitor(site.client())
    assert "Вхід" in await visitor.page("/login")
    answer = await visitor.client.post(
        "/console/language", data={"language": "en", "back": "/console/login?next=x"}, follow_redirects=True
    )
    assert str(answer.url).endswith("/console/login?next=x")
    assert "Log in" in answer.text
    answer = await visitor.client.post(
        "/console/language", data={"language": "uk", "back": "/console/knowledge?q=a+b%2Bc"}
    )
    assert answer.headers["location"] == "/console/knowledge?q=a+b%2Bc"
    answer = await visitor.client.post("/console/language", data={"language": "ru", "back": "https://evil.example"})
    assert "callctl_language" not in answer.headers.get("set-cookie", "")
    assert answer.headers["location"] == "/console/live"


async def test_pages_carry_no_script_or_style_of_their_own(site: Site) -> None:
    call = await put_call(site.database, "Потрібні шини")
    visitor = await log_in(site, Role.ADMIN)
    for path in (*PAGES, f"/calls/{call}"):
        answer = await visitor.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not [each for each in (" style=", " onclick=", "<style", "<script>") if each in answer.text]
        assert answer.headers["cache-control"] == "no-store"
    for name in ("console.css", "console.js", "icon.svg"):
        assert (await visitor.get(f"/static/{name}")).headers["cache-control"] == "max-age=3600"
    assert (await visitor.get("/static/../app.py")).status_code == 404


async def test_what_is_read_of_people_is_on_the_trail(site: Site) -> None:
    call = await put_call(site.database, "Потрібні шини")
    visitor = await log_in(site, Role.SUPERVISOR)
    await visitor.page(f"/calls/{call}")
    rows: list[Any] = await site.database.fetch("SELECT what, object FROM audit_log WHERE who = 'user a-supervisor'")
    assert {"what": "calls.read", "object": str(call)} in [dict(row) for row in rows]
