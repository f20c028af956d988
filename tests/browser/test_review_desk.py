"""A review from the queue to the decision: by keyboard alone with the desk's keys, and without JavaScript."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.live_portal import LivePortal
from tests.browser.test_without_script import Keyboard
from tests.browser.visitors import Visitors, tick_checklist


def waiting(portal: LivePortal, name: str) -> str:
    """The address of the review of a volunteer's first version, which waits."""
    address: str = json.loads(portal.stage("waiting", name))
    return address


def walk_to(page: Page, address: str, letter: str = "j") -> None:
    """Press the key until the row of this review has the focus."""
    row = page.locator(f'a[data-row][href="{address}"]')
    for _row in range(page.locator("a[data-row]").count() + 1):
        if row.evaluate("link => link === document.activeElement"):
            return
        page.keyboard.press(letter)
    raise AssertionError(f"{letter} never reached {address}")


def test_keys_lead_from_the_queue_to_a_decision(portal: LivePortal, visitors: Visitors) -> None:
    address = waiting(portal, "keys")
    page = visitors.enter("reviewer")
    page.goto("/reviews/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("j")  # belongs to the dialog, so it moves nothing
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()

    walk_to(page, address)
    page.keyboard.press("k")
    walk_to(page, address)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your review")).to_be_visible()

    keys = Keyboard(page)
    keys.write("Comment", "Card, figures and examples fit. J and K are letters here.")
    keys.reach(page.get_by_role("radio", name="Comment only"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Approve")).to_be_checked()
    for point in page.get_by_role("group", name="Checklist").get_by_role("checkbox").all():
        keys.reach(point)
        page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your review is recorded.")).to_be_visible()

    page.goto("/reviews/shortcuts/")
    with page.expect_navigation():
        page.get_by_role("button", name="Switch off").click()
    page.goto("/reviews/past/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert page.evaluate("document.activeElement === document.body")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/reviews/shortcuts/")
    with page.expect_navigation():
        page.get_by_role("button", name="Switch on").click()
    page.goto("/reviews/past/")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('a[data-row]')")


def test_a_talk_about_a_line_and_an_approval_without_script(portal: LivePortal, visitors: Visitors) -> None:
    address = waiting(portal, "talk")
    reviewer = visitors.enter("reviewer", java_script_enabled=False)
    reviewer.goto("/reviews/?show=unclaimed")
    reviewer.get_by_role("row", name="volunteer/talk").get_by_role("button", name="Claim").click()
    expect(reviewer.get_by_text("You are reviewing this version now")).to_be_visible()

    reviewer.goto(address)
    reviewer.get_by_label("Comment on line", exact=True).fill("16")
    reviewer.get_by_role("button", name="Write").click()
    form = reviewer.locator("#comment")
    form.get_by_label("Comment").fill("Who **measured** them?")
    form.get_by_role("button", name="Comment").click()
    thread = reviewer.get_by_role("article", name="Line 16")
    expect(thread.get_by_text("measured", exact=True)).to_be_visible()

    owner = visitors.enter("volunteer", java_script_enabled=False)
    owner.goto("/models/volunteer/talk/versions/1/")
    talk = owner.get_by_role("article", name="Line 16")
    talk.get_by_text("Reply", exact=True).click()
    talk.get_by_label("Your answer").fill("One botanist; the card says so now.")
    with owner.expect_navigation():
        talk.get_by_role("button", name="Send").click()
    talk.get_by_role("button", name="Resolve").click()
    expect(talk.get_by_text("Settled", exact=True)).to_be_visible()

    reviewer.goto(f"{address}files/")
    reviewer.get_by_role("button", name="Mark as viewed").click()
    expect(reviewer.get_by_text("1 of 1 file viewed")).to_be_visible()
    reviewer.goto(address)
    reviewer.get_by_label("Approve").check()
    reviewer.get_by_role("button", name="Submit review").click()
    expect(reviewer.locator(".error-summary")).to_contain_text("6 points of the checklist are not ticked.")
    tick_checklist(reviewer)
    reviewer.get_by_role("button", name="Submit review").click()
    expect(reviewer.get_by_text("Your review is recorded.")).to_be_visible()
