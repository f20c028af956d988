"""People in front of a browser: signing in, and the way of a model from its name to its review."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.live_portal import LivePortal
from tests.browser.pages import Place
from tests.browser.stage import CARD, EXAMPLES, MODEL, PASSWORD

# Chromium logs each answer of 400 and above; for a form that came back, or a model that is down, that is no fault.
EXPECTED_ANSWERS = re.compile(
    r"Failed to load resource: (the server responded with a status of (4\d\d|503)|net::ERR_INTERNET_DISCONNECTED)"
)
STEP_MS = 40_000
expect.set_options(timeout=STEP_MS)  # a step ends when the page shows it, however busy the machine


class Visitors:
    """Browser contexts, one per person; what their pages complain about gathers in `complaints`."""

    def __init__(self, portal: LivePortal, browser: Browser) -> None:
        self.portal = portal
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def enter(self, account: str = "", **options: Any) -> Page:
        """A page on which the account is signed in; a visitor without one. `options` go to the browser context."""
        stored = self._session_of(account) if account else None
        return self._open(storage_state=stored, **options)

    def tour(self, places: Iterable[Place], **options: Any) -> Iterator[tuple[Place, Page]]:
        """Every place in turn, as seen by the account that may see it."""
        pages: dict[str, Page] = {}
        for place in places:
            if place.account not in pages:
                pages[place.account] = self.enter(place.account, **options)
            page = pages[place.account]
            page.goto(place.path)
            if place.press:
                with page.expect_navigation():
                    page.click(place.press)
            yield place, page

    def what_they_see(self) -> str:
        """The text of every open page, for the report of a failed test."""
        pages = [page for context in self._contexts for page in context.pages]
        return "\n".join(f"--- {page.url}\n{page.locator('body').aria_snapshot()}" for page in pages)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()

    def _open(self, **options: Any) -> Page:
        context = self._browser.new_context(base_url=self.portal.origin, **options)
        context.set_default_timeout(STEP_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def _listen(self, said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not EXPECTED_ANSWERS.match(said.text):
            self.complaints.append(f"{said.page.url if said.page else ''}: {said.text}")

    def _session_of(self, account: str) -> Path:
        path = self.portal.folder / f"session-{account}.json"
        if not path.exists():
            page = self._open()
            page.goto("/accounts/login/")
            sign_in(page, account)
            page.context.storage_state(path=path)
        return path


def sign_in(page: Page, account: str, password: str = PASSWORD) -> None:
    """Fill in the form of the page that asks for it."""
    page.get_by_label("Username").fill(account)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("/accounts/"))


def name_model(page: Page, name: str) -> None:
    """From the form for a new model to the draft's files."""
    page.goto("/submit/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Summary").fill("Tells iris species apart by the sizes of their petals.")
    page.get_by_label("Task").select_option("tabular-classification")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Files")).to_be_visible()
    page.wait_for_load_state()  # its script listens, which a heading in sight does not tell


def upload(page: Page, path: Path = MODEL) -> None:
    """By the upload list, until the server lists the verified file."""
    page.set_input_files("#upload-files", path)
    expect(page.locator("[data-files]")).to_contain_text(path.name)
    expect(page.locator("[data-files]")).to_contain_text("Uploaded and verified")


def write_card(page: Page, card: str = CARD) -> None:
    """From the card's page to the examples'."""
    page.get_by_role("button", name="Edit as text").click()
    page.get_by_label("Model card").fill(card)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()


def write_examples(page: Page, examples: Sequence[Any] = EXAMPLES) -> None:
    """From the examples' page to the checks."""
    page.get_by_role("button", name="Edit as JSON").click()
    page.get_by_label("Examples", exact=True).fill(json.dumps(examples))
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Check and submit")).to_be_visible()


def choose_licence(page: Page) -> None:
    """By the stepper, and back to the checks."""
    page.get_by_role("link", name="Basics").click()
    page.get_by_label("Licence").select_option("MIT")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Files")).to_be_visible()


def fill_draft(page: Page, name: str) -> None:
    """Everything that a draft needs, up to the page of its checks."""
    name_model(page, name)
    upload(page)
    choose_licence(page)
    page.get_by_role("link", name="Save and continue").click()
    write_card(page)
    write_examples(page)


def submit(page: Page) -> None:
    """Wait for the checks, submit, and wait until the trial run is over."""
    page.get_by_label("I may publish").check()
    page.get_by_label("There is no personal data").check()
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_role("link", name="see the result").click()
    expect(page.get_by_role("heading", name="Trial run")).to_be_visible()


def approve(page: Page, path: str) -> None:
    """Read a review's page and decide."""
    page.goto(path)
    page.get_by_role("textbox", name="Comment").fill("Card, figures and examples fit.")
    tick_checklist(page)
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Submit review").click()
    expect(page.get_by_text("Your review is recorded.")).to_be_visible()


def tick_checklist(page: Page) -> None:
    """Every point that an approval needs."""
    for point in page.get_by_role("group", name="Checklist").get_by_role("checkbox").all():
        point.check()


def wait_until_live(page: Page, path: str) -> None:
    """Reload a model's page until a version of it is in production and its endpoint answers from one."""
    expect_after_reloads(page, path, "In production")
    # A page that is read in that very moment may have the one and not yet the other.
    expect_after_reloads(page, path, "In Python, and with other examples")


def expect_after_reloads(page: Page, path: str, words: str, *, exact: bool = True, within_ms: int = STEP_MS) -> None:
    """A page that does not renew itself is asked again until it shows the words."""
    for _again in range(within_ms // 500):
        page.goto(path)
        if page.get_by_role("main").get_by_text(words, exact=exact).first.is_visible():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{path} never showed {words!r}:\n{page.get_by_role('main').inner_text()}")
