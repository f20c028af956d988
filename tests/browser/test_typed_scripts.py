"""Script typed into every field of every form: what comes back, at once or after a redirect, runs nothing in Chromium.

Chromium's requests are answered by Django's test client, and what a form wrote is undone before the next one.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Request, Route, sync_playwright

from registry.models import Account
from tests.browser.conftest import ARGS, CHROMIUM
from tests.browser.test_planted_scripts import LISTEN, ORIGIN, WAKE, listen
from tests.factories import make_account
from tests.portal import test_account_routes as accounts
from tests.portal.belongings import Belongings, belongings_of
from tests.portal.routes import VISITOR
from tests.portal.test_routes_by_role import ROWS
from tests.registry.test_cards import XSS
from tests.security.test_planted_scripts import BREAKERS, MARK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
VECTORS = (*BREAKERS, *XSS)
ALL_AT_ONCE = "\n\n".join(VECTORS)
# A few at a time, as some swallow those behind them; the last is short and honest enough to be stored in many places.
FEW_AT_ONCE = tuple("\n\n".join(VECTORS[start::10]) for start in range(10))
STORED = "<img src=x onerror=alert(1)>"
# One entry for each button that sends a form with something to fill in: where it stands, and what it sends.
FORMS = """
() => [...document.querySelectorAll('form')].flatMap((form, place) => {
  const free = [...form.elements].filter((each) => each.matches(
    'textarea, select, input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=submit])'));
  const buttons = [...form.elements].filter((each) => each.matches('button:not([type=button], [type=reset])'));
  if (!buttons.length) buttons.push(undefined);  // the return key sends it
  return !free.length ? [] : buttons.map((button) => {
    const action = button?.getAttribute('formaction') || form.getAttribute('action') || '';
    const { pathname } = new URL(action, document.URL);
    const said = button?.name && `${button.name}=${button.value}`;
    return [place, [...form.elements].indexOf(button), [pathname, said, ...free.map(({ name }) => name)].join(' ')];
  });
})
"""
# Into every field; or only where free text is asked for, with an answer to all else that the form offers.
TYPE = """
([place, text, stored]) => {
  const FREE = 'textarea, [type=text]', TYPED = 'textarea, input:not([type=hidden], [type=file])';
  for (const each of document.querySelectorAll('form')[place].elements) {
    if (each.matches('[type=checkbox], [type=radio]')) each.checked = true;
    else if (each.matches('select')) {
      if (stored) each.value = [...each.options].map((option) => option.value).find(Boolean);
      else each.add(new Option(text, text, true, true));
    } else if (stored ? each.matches(FREE) && !each.value : each.matches(TYPED)) {
      if (each.matches('input:not([type=password])')) each.type = 'text';
      each.value = text;
    }
    each.dispatchEvent(new Event('input', { bubbles: true }));
    each.dispatchEvent(new Event('change', { bubbles: true }));
  }
  return document.querySelectorAll('main [hx-get], main [hx-post], [data-autosave]').length > 0;
}
"""
# Past the scripts and the browser's own checks, which somebody who means harm would not ask.
SEND = """
([place, index]) => {
  const form = document.querySelectorAll('form')[place], button = form.elements[index];
  if (button?.name) form.append(Object.assign(document.createElement('input'),
    { type: 'hidden', name: button.name, value: button.value }));
  if (button?.hasAttribute('formaction')) form.action = button.formAction;
  HTMLFormElement.prototype.submit.call(form);
}
"""


@contextmanager
def outside_the_loop() -> Iterator[None]:
    """Playwright answers within its event loop, where Django would open another connection to the database."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@dataclass
class Desk:
    """A browser's page, and the client that answers it."""

    page: Page
    account: Account | None
    addresses: list[str]
    client: Client = field(init=False)
    ran: list[str] = field(init=False)
    sent: set[str] = field(default_factory=set)
    echoes: int = 0

    def __post_init__(self) -> None:
        self.ran = listen(self.page)
        self.page.add_init_script(LISTEN)
        self.page.route("**/*", self._answer)
        self.enter()

    def enter(self) -> None:
        """As somebody who comes for the first time: no form may have spoiled the next one's session."""
        with outside_the_loop():
            cache.clear()
            self.client = Client(raise_request_exception=False)
            if self.account is not None:
                self.client.force_login(self.account)

    def read(self, path: str) -> str:
        """A page's text, without showing it."""
        with outside_the_loop():
            answer = self.client.get(path)
            return "" if answer.streaming else answer.content.decode(errors="replace")

    def _answer(self, route: Route) -> None:
        request = route.request
        path = urlsplit(request.url).path
        if path.startswith("/static/") and (found := finders.find(path.removeprefix("/static/"))):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=Path(str(found)).read_bytes(), content_type=kind)
        elif not request.url.startswith(ORIGIN + "/"):
            route.fulfill(status=204)
        else:
            status, headers, body = self._ask(request)
            self.echoes += request.method == "POST" and MARK.encode() in body
            route.fulfill(status=status, headers=headers, body=body)

    def _ask(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        sent = request.headers
        kept = {name: value for name, value in sent.items() if name not in {"cookie", "accept-encoding", "origin"}}
        with outside_the_loop(), transaction.atomic():
            answer = self.client.generic(
                request.method, request.url.removeprefix(ORIGIN), request.post_data_buffer or b"",
                sent.get("content-type", ""), headers=kept,
            )  # fmt: skip
            while answer.status_code in {301, 302, 303}:
                answer = self.client.get(urlsplit(answer["Location"])._replace(scheme="", netloc="").geturl())
            body = b"" if answer.streaming else answer.content
            transaction.set_rollback(True)
        return answer.status_code, dict(answer.headers), body


def addresses_of(*everything: Belongings) -> list[str]:
    """Every page's, with the things of each owner."""
    rows = [row for row in ROWS if row.get(VISITOR, False) != 405]  # the shape of every rule
    pages = [reverse(row.route, kwargs=dict(row.thing(things))) for things in everything for row in rows]
    table = accounts.TestAllauth
    doors = [reverse(name, kwargs=table.KEYS.get(name)) for name in table.ANSWERS]
    return list(dict.fromkeys([*pages, *doors]))


def fields_of(body: str) -> set[str]:
    """What each form on a page is made of, told by the names of its fields."""
    return {" ".join(re.findall(r' name="([a-z_]+)', form)) for form in re.findall(r"<form.*?</form>", body, re.DOTALL)}


def forms(desk: Desk, addresses: list[str]) -> Iterator[tuple[str, int, int, str]]:
    """Each kind of form once: the page that has it, its place there, its button's place in it, and what it sends."""
    known: set[str] = set()
    kinds: set[str] = set()
    for path in addresses:
        desk.enter()
        if not (found := fields_of(desk.read(path)) - known):
            continue
        known |= found
        desk.page.goto(ORIGIN + path)
        for place, index, kind in desk.page.evaluate(FORMS):
            plain = re.sub(r"\d+", "N", kind)
            if plain not in kinds:
                kinds.add(plain)
                yield path, place, index, plain


def type_everywhere(desk: Desk, addresses: list[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """Fill in and send every form with each of the texts; what the policy had to stop then, by form and text."""
    stopped: dict[str, list[str]] = {}
    for path, place, index, kind in forms(desk, addresses):
        for text in texts:
            desk.enter()
            desk.page.goto(ORIGIN + path)
            if desk.page.evaluate(TYPE, [place, text, text == STORED]):
                desk.page.wait_for_timeout(500)  # what is fetched while somebody types waits that long
            found = desk.page.evaluate("window.blocked")
            with desk.page.expect_navigation():
                desk.page.evaluate(SEND, [place, index])
            if found := found + desk.page.evaluate(WAKE):
                stopped[f"{kind}: {text}"] = found
        desk.sent.add(kind)
    return stopped


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


@pytest.fixture
def desks() -> Iterator[list[Desk]]:
    """Somebody with every right, and a visitor."""
    owner = make_account("owner", groups=["reviewers", "operators", "administrators"])
    own, others = belongings_of(owner), belongings_of(make_account("stranger"))
    # Before Playwright runs its event loop, in which Django uses no database.
    for_all, for_visitors = addresses_of(own, others), addresses_of(others)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        desks = [Desk(browser.new_page(), owner, for_all), Desk(browser.new_page(), None, for_visitors)]
        yield desks
        browser.close()
    assert [desk.ran for desk in desks] == [[], []]


def test_nothing_typed_runs(desks: list[Desk]) -> None:
    """The forms in which strangers write to each other, and those of the door."""
    shown = ("/discussion/", "/report/", "/account/profile/", "/account/tokens/", "/submit/", "/accounts/signup/")
    for desk in desks:
        chosen = [path for path in desk.addresses if path.endswith(shown) and "/draft/" not in path]
        assert type_everywhere(desk, chosen, [ALL_AT_ONCE]) == {}
    assert sum(desk.echoes for desk in desks) >= len(shown)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("text", [ALL_AT_ONCE, *FEW_AT_ONCE, STORED], ids=str.__len__)
def test_nothing_typed_into_any_form_runs(desks: list[Desk], text: str) -> None:
    for desk in desks:
        assert type_everywhere(desk, desk.addresses, [text]) == {}
    assert sum(len(desk.sent) for desk in desks) > 35
    assert sum(desk.echoes for desk in desks) > 10
