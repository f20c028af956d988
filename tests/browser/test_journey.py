"""The one path: a volunteer's file becomes predictions that anybody can ask for by pasting what the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.browser import visitors as steps
from tests.browser.stage import PASSWORD, PROBABILITIES
from tests.browser.visitors import Visitors


def sign_up(page: Page, account: str) -> None:
    page.goto("/")
    page.get_by_role("banner").get_by_role("link", name="Sign up").click()
    page.get_by_label("Username").fill(account)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("heading", name="My models")).to_be_visible()


def numbers_in(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d\.\d{3,}", text)]


def run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_from_upload_to_live_predictions(visitors: Visitors) -> None:
    volunteer = visitors.enter()
    sign_up(volunteer, "amina")
    steps.fill_draft(volunteer, "petals")
    steps.submit(volunteer)
    trial = volunteer.locator("section", has=volunteer.get_by_role("heading", name="Trial run"))
    expect(trial).to_contain_text("Answered as expected")
    expect(trial).to_contain_text("Peak memory")

    reviewer = visitors.enter("reviewer")
    reviewer.goto("/reviews/")
    reviewer.get_by_role("link", name="amina/petals 1").click()
    steps.approve(reviewer, reviewer.url)
    steps.wait_until_live(volunteer, "/models/amina/petals/")

    visitor = visitors.enter()
    visitor.goto("/models/amina/petals/")
    visitor.get_by_role("button", name="Try it with an example").click()
    answer = visitor.get_by_role("region", name="Answer", exact=True)
    assert numbers_in(answer.inner_text()) == pytest.approx(PROBABILITIES, abs=1e-4)

    curl, python = (visitor.locator(f"#{name}-snippet").inner_text() for name in ("curl", "python"))
    answered = json.loads(run(["sh", "-c", curl]))
    assert answered["model_version"] == "1"
    assert answered["outputs"][0]["data"] == pytest.approx(PROBABILITIES, abs=1e-4)
    assert numbers_in(run([sys.executable, "-I", "-c", python])) == pytest.approx(PROBABILITIES, abs=1e-4)
