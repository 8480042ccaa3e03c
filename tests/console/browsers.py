"""A real Chromium without a screen, in which nothing may go wrong unnoticed."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

SCREENS: Final = Path(__file__).parents[2] / "build" / "screens"
"""Pictures of what the tests have seen; not kept in the repository."""
DESK: Final = (1280, 860)
PHONE: Final = (360, 740)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """CALLCTL_CHROMIUM, else one that is installed."""
    return os.environ.get("CALLCTL_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def running_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(slots=True)
class Trouble:
    """What a page complained of."""

    lines: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self._add(said.type, said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._add("script", str(error)))
        page.on("response", lambda answer: self._add(str(answer.status), answer.url) if answer.status >= 400 else None)

    def _add(self, kind: str, text: str) -> None:
        self.lines.append(f"{kind}: {text}")


@contextmanager
def open_tab(
    browser: Browser, base: str, *, state: StorageState | None = None, size: tuple[int, int] = DESK,
    language: str = "en", scheme: Literal["light", "dark"] = "light", refused: int | None = None,
) -> Iterator[Page]:  # fmt: skip
    """In a profile of its own, with the cookies of `state`. On leaving, there was no trouble but, where it is meant to
    be, an answer of the status `refused`."""
    trouble = Trouble()
    context = browser.new_context(
        base_url=base, storage_state=state, viewport={"width": size[0], "height": size[1]}, locale=language,
        color_scheme=scheme,
    )  # fmt: skip
    page = context.new_page()
    trouble.watch(page)
    yield page
    context.close()
    assert [line for line in trouble.lines if refused is None or str(refused) not in line] == []


def picture(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png")


def too_wide(page: Page) -> Sequence[Any]:
    """What reaches beyond the right edge; nothing where the page needs no scrolling sideways."""
    found: Sequence[Any] = page.evaluate(
        """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
            [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1)
                .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found
