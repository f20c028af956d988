"""What was typed wrongly comes back with a word beside its field, and what may not be done has no button."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import visitors as steps
from tests.browser.live_portal import LivePortal
from tests.browser.visitors import Visitors

NUMBERS = itertools.count(1)


def error_of(page: Page, field: Locator) -> Locator:
    """The message that the field names as its own."""
    expect(field).to_have_attribute("aria-invalid", "true")
    name = field.get_attribute("id")
    assert f"{name}_error" in (field.get_attribute("aria-describedby") or "").split()
    return page.locator(f"#{name}_error")


@pytest.fixture
def draft(visitors: Visitors) -> Page:
    page = visitors.enter("volunteer")
    steps.name_model(page, f"bad-{next(NUMBERS)}")
    return page


def test_an_empty_form_names_each_field_and_leads_there(visitors: Visitors) -> None:
    page = visitors.enter("volunteer")
    page.goto("/submit/")
    page.get_by_role("button", name="Save and continue").click()
    expect(error_of(page, page.get_by_label("Name"))).to_contain_text("required")
    expect(error_of(page, page.get_by_label("Summary"))).to_contain_text("required")
    summary = page.get_by_role("alert").filter(has_text="Please correct these points")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Summary").click()
    expect(page.get_by_label("Summary")).to_be_focused()


def test_a_bad_name_is_kept_beside_its_message(visitors: Visitors) -> None:
    page = visitors.enter("volunteer")
    page.goto("/submit/")
    page.get_by_label("Name").fill("Ärticle Quality")
    page.get_by_label("Summary").fill("Says how good an article is.")
    page.get_by_label("Task").select_option("ranking")
    page.get_by_role("button", name="Save and continue").click()
    expect(error_of(page, page.get_by_label("Name"))).to_contain_text("lower-case letters")
    expect(page.get_by_label("Name")).to_have_value("Ärticle Quality")
    expect(page.get_by_label("Summary")).to_have_value("Says how good an article is.")
    expect(page.get_by_label("Task")).to_have_value("ranking")


def test_a_name_that_is_taken_is_refused_beside_its_field(draft: Page) -> None:
    taken = draft.get_by_role("heading", level=1).locator("bdi").inner_text().rpartition("/")[2]
    draft.goto("/submit/")
    draft.get_by_label("Name").fill(taken)
    draft.get_by_label("Summary").fill("Once more.")
    draft.get_by_role("button", name="Save and continue").click()
    expect(error_of(draft, draft.get_by_label("Name"))).to_contain_text(taken)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("[{", "line 1"),
        ("{}", "list"),
        ('[{"title": "no request"}]', "request"),
    ],
)
def test_examples_that_cannot_be_read_are_kept(draft: Page, typed: str, told: str) -> None:
    draft.get_by_role("link", name="Examples").click()
    draft.get_by_role("button", name="Edit as JSON").click()
    examples = draft.get_by_label("Examples", exact=True)
    examples.fill(typed)
    draft.get_by_role("button", name="Save and continue").click()
    expect(error_of(draft, examples)).to_contain_text(told)
    expect(examples).to_have_value(typed)


def test_a_card_with_a_broken_head_is_kept(draft: Page) -> None:
    card = "---\nlicense: [MIT\n---\n\n# Words that took an hour\n"
    draft.get_by_role("link", name="Model card").click()
    draft.get_by_role("button", name="Edit as text").click()
    draft.get_by_label("Model card").fill(card)
    draft.get_by_role("button", name="Save and continue").click()
    expect(error_of(draft, draft.get_by_label("Model card"))).to_contain_text("line")
    expect(draft.get_by_label("Model card")).to_have_value(card)


def test_resources_out_of_range_are_refused_beside_their_field(draft: Page) -> None:
    draft.get_by_role("link", name="Examples and resources").click()
    draft.get_by_label("Memory").fill("1")
    draft.get_by_role("button", name="Save and continue").click()
    expect(error_of(draft, draft.get_by_label("Memory"))).to_contain_text("128")
    expect(draft.get_by_label("Memory")).to_have_value("1")


def test_a_refused_file_of_a_plain_form_says_why(visitors: Visitors, tmp_path: Path) -> None:
    page = visitors.enter("volunteer", java_script_enabled=False)
    steps.name_model(page, f"bad-{next(NUMBERS)}")
    (tmp_path / "head.pkl").write_bytes(b"x")
    page.set_input_files("#upload-files", tmp_path / "head.pkl")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("main")).to_contain_text("head.pkl")
    expect(page.get_by_role("main")).to_contain_text("pickle")


def test_changes_cannot_be_requested_without_a_word(visitors: Visitors, scene: dict[str, str]) -> None:
    page = visitors.enter("reviewer")
    page.goto(scene["review"])
    page.get_by_label("Request changes").check()
    page.get_by_role("button", name="Submit review").click()
    error_of(page, page.get_by_role("textbox", name="Comment"))
    expect(page.get_by_label("Request changes")).to_be_checked()


def test_nobody_can_review_their_own_model(portal: LivePortal, visitors: Visitors, scene: dict[str, str]) -> None:
    path = json.loads(portal.stage("own", "own"))
    page = visitors.enter("reviewer")
    page.goto("/reviews/")
    expect(page.get_by_role("row", name="reviewer/own")).to_contain_text("your own")
    page.goto(path)
    expect(page.get_by_text("another reviewer decides")).to_be_visible()
    expect(page.get_by_role("button", name="Submit review")).to_have_count(0)
    page.goto(scene["review"])
    page.get_by_label("Approve").check()
    page.evaluate("path => { document.querySelector('form:has([name=decision])').action = path }", path)
    page.get_by_role("button", name="Submit review").click()
    expect(page.get_by_role("heading", name="You may not decide on this version.")).to_be_visible()


def test_nobody_finds_anothers_draft(visitors: Visitors, scene: dict[str, str]) -> None:
    for account in ("", "reviewer", "operator"):
        page = visitors.enter(account)
        answer = page.goto(scene["draft"])
        assert answer is not None
        assert answer.status == 404 or "/accounts/login/" in page.url


def test_a_bad_request_to_a_model_is_kept_with_its_message(visitors: Visitors, scene: dict[str, str]) -> None:
    page = visitors.enter()
    page.goto(scene["endpoint"])
    page.get_by_label("Request", exact=True).fill('{"inputs": [')
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert").filter(has_text="JSON")).to_be_visible()
    expect(page.get_by_label("Request", exact=True)).to_have_value('{"inputs": [')
