"""The draft's steps with a script: they save themselves, lose nothing, and the model answers before it is submitted."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser import visitors as steps
from tests.browser.live_portal import LivePortal
from tests.browser.stage import MODEL
from tests.browser.visitors import Visitors

NUMBERS = itertools.count(1)


@pytest.fixture
def draft(visitors: Visitors) -> Page:
    page = visitors.enter("volunteer")
    steps.name_model(page, f"wizard-{next(NUMBERS)}")
    return page


def step(page: Page, name: str) -> None:
    """Go there, and wait until its script listens."""
    with page.expect_navigation():
        page.get_by_role("link", name=name).click()


def state_of(page: Page, words: str) -> None:
    expect(page.locator("[data-draft-state]")).to_contain_text(words)


def lose_an_answer(page: Page) -> None:
    """The next save arrives, and its answer gets lost."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("internetdisconnected")

    page.route("**/card/", lose, times=1)


def test_a_name_is_judged_while_it_is_typed(visitors: Visitors) -> None:
    page = visitors.enter("volunteer")
    page.goto("/submit/")
    page.get_by_label("Name").press_sequentially("Topic Model")
    expect(page.locator("#name-offer")).to_contain_text("topic-model")
    page.get_by_label("Name").fill("topic-model")
    expect(page.locator("#name-offer")).to_contain_text("/models/volunteer/topic-model/")


def test_what_is_typed_is_saved_by_itself_also_after_a_lost_connection(draft: Page) -> None:
    step(draft, "Model card")
    draft.get_by_label("Limitations").fill("Only three species.")
    state_of(draft, "Draft saved just now")
    draft.context.set_offline(True)
    draft.get_by_label("Limitations").fill("Only three species of one genus.")
    state_of(draft, "you are offline")
    draft.context.set_offline(False)
    state_of(draft, "Draft saved just now")
    lose_an_answer(draft)
    draft.get_by_label("Limitations").fill("Only three species of two")
    state_of(draft, "the portal did not answer")
    draft.get_by_label("Limitations").fill("Only three species of two genera.")
    state_of(draft, "Draft saved just now")
    draft.reload()
    expect(draft.get_by_label("Limitations")).to_have_value("Only three species of two genera.")


def test_what_a_button_could_not_save_is_kept_and_leaving_asks(draft: Page) -> None:
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    draft.on("dialog", leave)
    step(draft, "Model card")
    draft.get_by_label("Limitations").fill("```\nopen")
    state_of(draft, "Limitations: This text would change the sections around it.")
    draft.get_by_role("button", name="Edit as text").click()
    expect(draft.get_by_role("alert").filter(has_text="Please correct")).to_be_focused()
    state_of(draft, "Limitations: This text would change the sections around it.")
    step(draft, "Files")
    assert asked == ["beforeunload"]
    step(draft, "Model card")
    draft.get_by_role("button", name="Put it back").click()
    expect(draft.get_by_label("Limitations")).to_have_value("```\nopen")


def test_what_was_written_offline_is_offered_back_by_the_browser(draft: Page) -> None:
    step(draft, "Model card")
    expect(draft.get_by_label("Limitations")).to_be_visible()
    address, context = draft.url, draft.context
    lose_an_answer(draft)
    draft.get_by_label("Limitations").fill("Written on a")
    state_of(draft, "the portal did not answer")
    context.set_offline(True)
    draft.get_by_label("Limitations").fill("Written on a train.")
    state_of(draft, "you are offline")
    draft.close()
    context.set_offline(False)

    page = context.new_page()
    page.goto(address)
    expect(page.get_by_label("Limitations")).to_have_value("Written on a")
    expect(page.get_by_text("on an earlier version of this draft")).to_be_visible()
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_label("Limitations")).to_have_value("Written on a train.")
    state_of(page, "Draft saved just now")
    page.reload()
    expect(page.get_by_label("Limitations")).to_have_value("Written on a train.")
    expect(page.get_by_text("This browser kept")).to_be_hidden()


def test_leaving_in_the_middle_of_a_word_loses_nothing(draft: Page) -> None:
    step(draft, "Model card")
    draft.get_by_label("Evaluation").fill("Said in haste.")
    draft.get_by_role("link", name="Files").click()
    expect(draft.get_by_role("heading", name="Files")).to_be_visible()
    steps.expect_after_reloads(draft, draft.url.replace("/files/", "/card/"), "Said in haste.", exact=False)


def test_two_windows_on_one_step_lose_nothing(draft: Page) -> None:
    step(draft, "Basics")
    expect(draft.get_by_label("Summary")).to_be_visible()
    other = draft.context.new_page()
    other.goto(draft.url)
    other.get_by_label("Summary").fill("From the other window.")
    state_of(other, "Draft saved just now")
    draft.get_by_label("Summary").fill("From this window.")
    state_of(draft, "changed in another window")
    draft.get_by_label("Licence").select_option("MIT")
    draft.get_by_role("button", name="Save and continue").click()
    alert = draft.get_by_role("alert").filter(has_text="another window")
    expect(alert).to_contain_text("From the other window.")
    expect(draft.get_by_label("Summary", exact=True)).to_have_value("From this window.")
    draft.get_by_role("button", name="Save and continue").click()
    expect(draft.get_by_role("heading", name="Files")).to_be_visible()
    other.get_by_label("Summary").fill("Written too late.")
    other.get_by_label("Licence").select_option("MIT")
    other.get_by_role("button", name="Save and continue").click()
    other.get_by_role("link", name="Drop what I wrote").click()
    expect(other.get_by_label("Summary")).to_have_value("From this window.")
    expect(other.get_by_text("This browser kept")).to_be_hidden()


def test_the_draft_answers_its_example_and_the_answer_becomes_the_expected_one(draft: Page) -> None:
    steps.upload(draft)
    step(draft, "Examples and resources")
    expect(draft.get_by_label("input-0: shape")).to_be_visible()
    for _again in range(60):  # the form knows the inputs as soon as the file has been read
        if draft.get_by_label("input-0: shape").input_value() == "1, 4":
            break
        draft.wait_for_timeout(500)
        draft.reload()
    draft.get_by_label("input-0: values").fill("5.1, 3.5, 1.4, 0.2")
    draft.get_by_role("button", name="Save and try", exact=True).click()
    draft.get_by_role("button", name="Use this answer as expected").click(timeout=3 * steps.STEP_MS)
    expect(draft.get_by_text("Answered as expected")).to_be_visible()
    expect(draft.get_by_label("predict: values")).to_have_value(re.compile(r"^0\.70\d+, 0\.1"))


def test_the_commands_of_the_page_upload_as_pasted(draft: Page, portal: LivePortal, tmp_path: Path) -> None:
    draft.get_by_text("Upload from the command line instead").click()
    curl, python = (draft.locator(f"#upload-{name}").inner_text() for name in ("curl", "python"))
    secret = portal.stage("token", "volunteer")
    (tmp_path / "model.json").write_bytes(MODEL.read_bytes())
    second = python.replace('"filename": "model.json"', '"filename": "two.json"')
    for command in (["sh", "-c", curl], [sys.executable, "-c", second]):
        pasted = [*command[:-1], command[-1].replace("YOUR_TOKEN", secret)]
        subprocess.run(pasted, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    steps.expect_after_reloads(draft, draft.url, "model.json")
    steps.expect_after_reloads(draft, draft.url, "two.json")
