"""The same path without JavaScript, and by keyboard wherever a browser lets one."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import visitors as steps
from tests.browser.stage import CARD, EXAMPLES, MODEL, PASSWORD, PROBABILITIES
from tests.browser.test_journey import numbers_in
from tests.browser.visitors import Visitors

LONGEST_WAY = 80
NO_PERSONAL_DATA = "There is no personal data in the files, the card or the examples."


class Keyboard:
    """Somebody without a mouse: what Tab does not reach does not exist."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, target: Locator) -> None:
        element = target.element_handle()
        for _step in range(LONGEST_WAY):
            if element.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reached {target}")

    def write(self, label: str, text: str) -> None:
        self.reach(self.page.get_by_label(label, exact=True))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def press(self, name: str) -> None:
        self.reach(self.page.get_by_role("main").get_by_role("button", name=name, exact=True))
        self.enter()

    def choose(self, label: str, beginning: str) -> None:
        self.reach(self.page.get_by_label(label, exact=True))
        self.page.keyboard.type(beginning)
        expect(self.page.get_by_label(label, exact=True).locator("option:checked")).to_contain_text(beginning)

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def test_from_form_upload_to_live_predictions(visitors: Visitors) -> None:
    volunteer, keys = enter_by_keyboard(visitors, "volunteer")
    volunteer.goto("/submit/")
    keys.write("Name", "plain")
    keys.write("Summary", "Tells iris species apart.")
    keys.choose("Task", "Classification of tab")
    keys.press("Save and continue")

    expect(volunteer.get_by_text("Without JavaScript, up to")).to_be_visible()
    volunteer.set_input_files("#upload-files", MODEL)
    keys.press("Upload")
    expect(volunteer.get_by_text("Uploaded and verified", exact=True)).to_be_visible()

    volunteer.get_by_role("link", name="Basics").click()
    keys.choose("Licence", "MIT L")
    keys.press("Save and continue")
    volunteer.get_by_role("link", name="Model card").click()
    keys.press("Edit as text")
    keys.write("Model card", CARD)
    keys.press("Save and continue")
    keys.press("Edit as JSON")
    keys.write("Examples", json.dumps(EXAMPLES))
    keys.press("Save and continue")

    steps.expect_after_reloads(volunteer, volunteer.url, "Submit for review")
    for label in ("I may publish these files under the licence that I chose.", NO_PERSONAL_DATA):
        keys.reach(volunteer.get_by_label(label))
        volunteer.keyboard.press("Space")
    keys.press("Submit for review")
    expect(volunteer.get_by_text("Submitted.")).to_be_visible()
    steps.expect_after_reloads(volunteer, volunteer.url, "Trial run")

    reviewer, keys = enter_by_keyboard(visitors, "reviewer")
    reviewer.goto("/reviews/")
    keys.reach(reviewer.get_by_role("link", name="plain 1"))
    keys.enter()
    keys.write("Comment", "Card, figures and examples fit.")
    keys.reach(reviewer.get_by_role("radio", name="Comment only"))
    reviewer.keyboard.press("ArrowDown")
    reviewer.keyboard.press("ArrowDown")
    expect(reviewer.get_by_role("radio", name="Approve")).to_be_checked()
    for point in reviewer.get_by_role("group", name="Checklist").get_by_role("checkbox").all():
        keys.reach(point)
        reviewer.keyboard.press("Space")
    keys.press("Submit review")
    expect(reviewer.get_by_text("Your review is recorded.")).to_be_visible()

    steps.wait_until_live(volunteer, "/models/volunteer/plain/")
    keys = Keyboard(volunteer)
    keys.press("Try it with an example")
    answer = volunteer.get_by_role("region", name="Answer", exact=True)
    assert numbers_in(answer.inner_text()) == pytest.approx(PROBABILITIES, abs=1e-4)


def enter_by_keyboard(visitors: Visitors, account: str) -> tuple[Page, Keyboard]:
    page = visitors.enter(java_script_enabled=False)
    keys = Keyboard(page)
    page.goto("/accounts/login/")
    keys.write("Username", account)
    keys.write("Password", PASSWORD)
    keys.press("Sign in")
    expect(page.get_by_role("heading", name="My models")).to_be_visible()
    return page, keys


def test_the_theme_is_kept_without_a_script(visitors: Visitors) -> None:
    page = visitors.enter(java_script_enabled=False, color_scheme="light")
    page.goto("/models/")
    page.get_by_role("button", name="dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/log/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_menu_of_the_account_opens_and_signs_out(visitors: Visitors) -> None:
    page, keys = enter_by_keyboard(visitors, "operator")
    menu = page.get_by_role("banner").locator("summary").filter(has_text="operator")
    keys.reach(menu)
    page.keyboard.press("Enter")
    out = page.get_by_role("button", name="Sign out")
    keys.reach(out)
    keys.enter()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
