"""Script in every text of every row, shown by Chromium: nothing runs, and our own policy has nothing to block."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Dialog, Page, Route, sync_playwright

from tests.browser.conftest import ARGS, CHROMIUM
from tests.factories import make_account
from tests.portal.belongings import belongings_of
from tests.portal.routes import VISITOR
from tests.portal.test_routes_by_role import ROWS
from tests.security.test_planted_scripts import MARK, plant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
ORIGIN = "http://portal.example"
POLICY = "content-security-policy"
# A script that runs opens a dialog; what the policy stops is told by an event. Events wake sleeping handlers.
LISTEN = """
window.blocked = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.blocked.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
WAKE = """
() => {
  for (const element of document.querySelectorAll('*')) {
    for (const name of ['focus', 'mouseover', 'error', 'load', 'toggle', 'begin', 'animationstart'])
      element.dispatchEvent(new Event(name));
    if (element.href && String(element.href).startsWith('javascript:')) element.click();
  }
  return window.blocked;
}
"""

Answers = Mapping[str, tuple[dict[str, str], bytes]]


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


def planted_pages() -> dict[str, tuple[dict[str, str], bytes]]:
    """Every page that somebody with all rights may open, by its path: headers and bytes."""
    owner = make_account("owner", groups=["reviewers", "operators", "administrators"])
    things, other = belongings_of(owner), belongings_of(make_account("stranger"))
    plant(0)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    answers = {}
    for thing in (things, other):
        for row in ROWS:
            if row.get(VISITOR, False) == 405:  # the shape of every rule
                continue
            path = reverse(row.route, kwargs=dict(row.thing(thing)))
            answer = client.get(path, headers=dict(row.headers))
            if answer.get("Content-Type", "").startswith("text/html") and not answer.streaming:
                answers[path] = (dict(answer.headers), answer.content)
    return answers


def listen(page: Page) -> list[str]:
    """Where dialogs opened, and what they said; the browser's own question before unsaved words are left is none."""
    ran: list[str] = []

    def note(dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            dialog.accept()
            return
        ran.append(f"{page.url}: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", note)
    return ran


def show(answers: Answers, page: Page, *, policy: bool) -> Iterator[tuple[str, list[str]]]:
    """Each page's path, and what the policy had to stop there; without `policy` the markup alone must hold."""

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if path in answers:
            headers, body = answers[path]
            kept = {name: value for name, value in headers.items() if policy or name.lower() != POLICY}
            route.fulfill(headers=kept, body=body)
        elif path.startswith("/static/") and (found := finders.find(path.removeprefix("/static/"))):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=Path(str(found)).read_bytes(), content_type=kind)
        else:
            route.fulfill(status=204)

    page.route("**/*", answer)
    page.add_init_script(LISTEN)
    for path in answers:
        page.goto(ORIGIN + path)
        yield path, page.evaluate(WAKE)


@pytest.mark.parametrize("policy", [True, pytest.param(False, marks=pytest.mark.long)])
def test_nothing_planted_runs(policy: bool) -> None:  # noqa: FBT001  # a parameter of the test
    answers = planted_pages()
    assert sum(MARK.encode() in body for _headers, body in answers.values()) > 10, "the texts stand on the pages"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page()
        ran = listen(page)
        blocked = {path: found for path, found in show(answers, page, policy=policy) if found}
        browser.close()
    assert ran == []
    assert blocked == {}


def test_a_script_that_runs_would_be_seen() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page()
        ran = listen(page)
        vectors = b"<p onmouseover=alert(1)>x</p><img src=x onerror=alert(2)><script>alert(3)</script>"
        bare: Answers = {"/": ({"content-type": "text/html"}, vectors)}
        guarded: Answers = {"/": ({"content-type": "text/html", POLICY: "script-src 'self'"}, vectors)}
        list(show(bare, page, policy=True))
        unguarded = set(ran)
        page.unroute_all()
        stopped = dict(show(guarded, page, policy=True))["/"]
        browser.close()
    assert unguarded == {f"{ORIGIN}/: {number}" for number in (1, 2, 3)}
    assert len(stopped) >= 3
