"""The console in a real browser, over a real engine that answers simulated callers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from engine.access.identity import Role
from ops.emulators.caller_script import Say
from tests.console.browsers import DESK, PHONE, chromium, open_tab, picture, running_browser, too_wide
from tests.console.house import CUSTOMER, PATIENCE, House, running_house
from tests.e2e.world import running_world
from tests.web.world import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="no Chromium: nox -s browser installs one"),
]
PAGES = (
    "live",
    "calls",
    "stats",
    "knowledge",
    "knowledge/new",
    "prompts",
    "prompts/new",
    "callbacks",
    "jobs",
    "system",
)
MASKED = "+38067***4567"
STEPS = (
    Say("Добрий день!"),
    Say("Мені потрібні зимові шини на Тойоту Камрі 2020 року"),
    Say("Дякую, до побачення"),
)
expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_world() as world:
        world.well()
        with running_house(world) as house:
            yield house


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def admin(house: House, browser: Browser) -> StorageState:
    """The cookies of whoever has opened the first link."""
    with open_tab(browser, house.base) as page:
        page.goto(house.first_link.replace("localhost", "127.0.0.1"))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Once more").fill(PASSWORD)
        picture(page, "first")
        page.get_by_role("button", name="Save and log in").click()
        expect(page.get_by_role("heading", name="Live")).to_be_visible()
        expect(page.get_by_text("administrator")).to_be_visible()
        return page.context.storage_state()


@pytest.fixture(scope="module")
def call(house: House, browser: Browser, admin: StorageState) -> str:
    """The path of a call that was watched from its beginning to its end."""
    with open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/live")
        with house.caller(*STEPS) as call_id:
            page.get_by_role("link", name=CUSTOMER).click()
            transcript = page.locator(".transcript")
            expect(transcript).to_contain_text("Добрий день")
            expect(page.locator("[class*=state-]")).to_be_visible()
            expect(transcript).to_contain_text("Камрі 2020")
            picture(page, "live")
            page.get_by_role("link", name="The call's record").click()
        expect(page).to_have_url(f"{house.base}/console/calls/{call_id}")
    return f"/console/calls/{call_id}"


def log_in(page: Page, name: str) -> None:
    page.goto("/console/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_a_call_is_watched_live_and_then_read(house: House, browser: Browser, admin: StorageState, call: str) -> None:
    with open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/calls")
        page.locator(f'a[href="{call}"]').click()
        expect(page.locator(".transcript .caller")).to_have_count(3)
        tool = page.locator(".transcript .tool details").filter(has_text="search_tires").first
        tool.locator("summary").click()
        expect(tool.locator("pre").first).to_be_visible()
        bars = page.locator(".waterfall svg.bar")
        assert bars.count() >= 2
        boxes = [each.bounding_box() for each in bars.first.locator("rect").all()]
        assert any(box is not None and box["width"] > 5 for box in boxes), "it is drawn, not only there"
        expect(page.get_by_role("heading", name="Cost")).to_be_visible()
        tool.locator("summary").click()
        picture(page, "call")


def test_a_call_is_ended_from_the_page(house: House, browser: Browser, admin: StorageState) -> None:
    with open_tab(browser, house.base, state=admin) as page, house.caller(*STEPS) as call_id:
        page.goto("/console/live")
        page.locator(f'a[href="/console/live/{call_id}"]').click()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="End the call").click()
        expect(page.locator("[data-over]")).to_contain_text("completed")
        expect(page.locator(".transcript li.event")).to_contain_text("ended from the console")


def test_what_moves_leaves_the_keyboard_where_it_is(house: House, browser: Browser, admin: StorageState) -> None:
    """What was said already is not touched: a screen reader reads out what is new, and that alone."""
    with open_tab(browser, house.base, state=admin) as page, house.caller(*STEPS) as call_id:
        page.goto("/console/live")
        page.locator(f'a[href="/console/live/{call_id}"]').click()
        tool = page.locator(".transcript .tool details").filter(has_text="search_tires").first
        tool.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(tool.locator("pre").first).to_be_visible()
        page.get_by_role("log").evaluate("(log) => { log.querySelector('li').wasThere = true; }")
        expect(page.locator("[data-over]")).to_contain_text("completed")
        expect(tool.locator("summary")).to_be_focused()
        expect(tool.locator("pre").first).to_be_visible()
        assert page.get_by_role("log").evaluate("(log) => log.querySelector('li').wasThere")


def test_a_form_sent_too_late_is_not_lost(house: House, browser: Browser) -> None:
    house.add_user("slow", Role.SUPERVISOR)
    with open_tab(browser, house.base, refused=401) as page:
        log_in(page, "slow")
        page.goto("/console/prompts/new")
        page.get_by_label("Name").fill("довгі роздуми")
        page.get_by_label("Text").fill('Будь "чемним".\n\nІ коротким.')
        page.context.clear_cookies()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("The session is over")
        page.get_by_label("Name").fill("slow")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Send it now").click()
        expect(page.get_by_role("status")).to_contain_text("Saved")
        expect(page.locator("pre.text")).to_have_text('Будь "чемним".\n\nІ коротким.')


def test_an_article_is_edited_and_found_by_trying_a_question(
    house: House, browser: Browser, admin: StorageState
) -> None:
    with open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/knowledge")
        page.locator("table a").first.click()
        page.get_by_role("link", name="Edit").click()
        text = page.get_by_label("Text")
        text.fill(text.input_value() + "\n\n## Квадроцикли\n\nШини для **квадроциклів** привозимо за тиждень.\n")
        page.get_by_role("button", name="Preview").click()
        expect(page.locator(".prose strong").last).to_have_text("квадроциклів")
        picture(page, "editor")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("Saved")
        page.goto("/console/knowledge")
        page.get_by_label("Try a question").fill("Чи є шини на квадроцикл?")
        page.keyboard.press("Enter")
        expect(page.locator(".found .passage").first).to_contain_text("привозимо за тиждень")
        picture(page, "knowledge")


def test_instructions_are_written_compared_and_given_a_share(
    house: House, browser: Browser, admin: StorageState
) -> None:
    with open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/prompts")
        page.locator("table a").first.click()
        page.get_by_role("link", name="New version from this").click()
        page.get_by_label("Name").fill("коротше")
        text = page.get_by_label("Text")
        text.fill(text.input_value() + "\nВідповідай ще коротше.")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("ins")).to_have_text("Відповідай ще коротше.")
        picture(page, "diff")
        page.goto("/console/prompts")
        page.get_by_label("Share of new calls for коротше").fill("25")
        page.get_by_role("button", name="Apply the shares").click()
        expect(page.get_by_role("status")).to_contain_text("applied")
        expect(page.get_by_text("All other calls (75%)")).to_be_visible()


def test_a_job_is_run_by_hand(house: House, browser: Browser, admin: StorageState) -> None:
    with house.scheduler(), open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/jobs")
        page.get_by_role("button", name="Run now partitions").click()
        expect(page.get_by_role("status")).to_contain_text("Started")


def test_the_language_is_switched_and_kept(house: House, browser: Browser, admin: StorageState) -> None:
    with open_tab(browser, house.base, state=admin) as page:
        page.goto("/console/stats?days=7")
        page.get_by_role("button", name="Українська").click()
        expect(page).to_have_url(f"{house.base}/console/stats?days=7")
        expect(page.get_by_role("heading", name="Статистика")).to_be_visible()
        page.get_by_role("link", name="Знання").click()
        expect(page.locator("html")).to_have_attribute("lang", "uk")


def test_logging_in_and_going_about_needs_no_mouse(house: House, browser: Browser, admin: StorageState) -> None:
    house.add_user("keyboard", Role.SUPERVISOR)
    with open_tab(browser, house.base) as page:
        page.goto("/console/calls")
        page.keyboard.type("keyboard")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Calls")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        assert (page.locator(".skip").bounding_box() or {"x": -1})["x"] >= 0, "it is seen once it has the focus"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_label("From", exact=True)).to_be_focused()
        page.goto("/console/calls")
        for _ in range(5):
            page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_text("Statistics")
        assert focused.evaluate("(each) => getComputedStyle(each).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Statistics")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_phone_need_not_scroll_sideways(
    house: House, browser: Browser, admin: StorageState, call: str, language: str
) -> None:
    with open_tab(browser, house.base, state=admin, size=PHONE, language=language) as page:
        for path in (*(f"/console/{name}" for name in PAGES), call, "/console/knowledge?q=доставка", "/console/login"):
            page.goto(path)
            assert not too_wide(page), path
        page.goto(call)
        picture(page, f"phone-{language}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_statistics_are_drawn_by_day_and_by_night(
    house: House, browser: Browser, admin: StorageState, call: str, scheme: str
) -> None:
    with open_tab(browser, house.base, state=admin, scheme="dark" if scheme == "dark" else "light") as page:
        page.goto("/console/stats?days=30")
        columns = [each.bounding_box() for each in page.locator("figure rect.column").all()]
        assert max(box["height"] for box in columns if box is not None) > 50
        background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        darkness = sum(int(part) for part in background.removeprefix("rgb(").removesuffix(")").split(","))
        assert (darkness < 200) == (scheme == "dark")
        picture(page, f"stats-{scheme}")
        page.goto("/console/system")
        expect(page.get_by_text("takes calls")).to_be_visible()
        picture(page, f"system-{scheme}")


def test_a_viewer_is_shown_nobodys_number(house: House, browser: Browser, admin: StorageState, call: str) -> None:
    house.add_user("viewer", Role.VIEWER)
    with open_tab(browser, house.base, size=DESK) as page:
        log_in(page, "viewer")
        for path in ("/console/calls", call):
            page.goto(path)
            expect(page.locator("main")).to_contain_text(MASKED)
            assert CUSTOMER not in page.content()
        for path in ("/console/knowledge", "/console/prompts", "/console/jobs", "/console/callbacks"):
            page.goto(path)
            assert page.locator("main form[method=post] button").count() == 0, "nothing to change"


def test_who_logs_out_is_out(house: House, browser: Browser, admin: StorageState) -> None:
    house.add_user("leaver", Role.VIEWER)
    with open_tab(browser, house.base) as page:
        log_in(page, "leaver")
        page.get_by_role("button", name="Log out").click()
        page.goto("/console/calls")
        expect(page).to_have_url(f"{house.base}/console/login?next=%2Fconsole%2Fcalls")
