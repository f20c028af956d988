"""Script in every text of every row: no page may bring it to life."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse

from registry.models import Account
from tests.factories import make_account
from tests.portal.belongings import Belongings, belongings_of
from tests.portal.routes import VISITOR
from tests.portal.test_routes_by_role import ROWS
from tests.registry.test_cards import XSS

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
MARK = "alert(1)"
BREAKERS = (
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7|add:alert(1) }}{% include x %}",
)
# Words that the code itself chooses and compares; a person never writes them.
CODES = {
    "state",
    "kind",
    "tag",
    "verdict",
    "name",
    "username",
    "path",
    "path_key",
    "key",
    "decision",
    "password",
    "owner_name",
}
URLS = ("src", "href", "action", "formaction", "data", "poster", "srcset", "xlink:href")


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.UPLOADS_DIR = tmp_path / "uploads"


class Alive(HTMLParser):
    """Collects what would run: handlers, script of a text's own, addresses that are script."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_script = tag == "script" and given.get("type") != "application/json"
        if self._in_script and not (given.get("src") or "").startswith("/static/"):
            self.found.append(f"<script {given}>")
        for name, value in attrs:
            plain = "".join((value or "").split()).lower()
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.found.append(f"{tag} {name}={value}")
            if name in URLS and plain.startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.found.append(f"script: {data[:80]}")


def alive(page: str) -> list[str]:
    parser = Alive()
    parser.feed(page)
    parser.close()
    return parser.found


def plant(number: int) -> set[str]:
    """Put script into every free text of every row; long fields take all of it. Returns the fields, by name."""
    planted: set[str] = set()
    vectors = (*BREAKERS, *XSS)
    for table in (*apps.get_app_config("registry").get_models(), *apps.get_app_config("deployer").get_models()):
        for field in filter(takes_text, table._meta.get_fields()):
            longest: int | None = getattr(field, "max_length", None)
            if longest and longest < 2000:
                text = vectors[(number + len(planted)) % len(vectors)][:longest]
            else:
                text = "\n\n".join(vectors)
            table._base_manager.update(**{field.name: text})
            planted.add(f"{table.__name__}.{field.name}")
    return planted


def takes_text(field: Any) -> bool:
    if not isinstance(field, models.CharField | models.TextField) or field.choices or field.primary_key or field.unique:
        return False
    code = field.name in CODES or field.name.endswith(("digest", "_code", "code", "hint", "html"))
    return not code and not (field.max_length and field.max_length < 40)


def pages(reader: Account, things: Belongings) -> Iterator[tuple[str, str]]:
    """Every page that this person may open, and the text of its answer."""
    client = Client(raise_request_exception=False)
    client.force_login(reader)
    for row in ROWS:
        if row.get(VISITOR, False) == 405:  # the shape of every rule
            continue
        response = client.get(reverse(row.route, kwargs=dict(row.thing(things))), headers=dict(row.headers))
        assert response.status_code < 500 or row.route.startswith("deployer:v"), str(row)
        if response.get("Content-Type", "").startswith("text/html"):
            yield str(row), response.content.decode()


def check(number: int) -> None:
    owner = make_account("owner", groups=["reviewers", "operators", "administrators"])
    things = belongings_of(owner)
    other = belongings_of(make_account("stranger"))
    planted = plant(number)
    assert {"RegisteredModel.summary", "Account.display_name", "Review.comment", "Event.reason"} <= planted

    shown, faults = 0, {}
    for thing in (things, other):
        for name, page in pages(owner, thing):
            shown += MARK in page
            if found := alive(page):
                faults[name] = found
    assert faults == {}
    assert shown > 10, "the texts stand on the pages"


def test_no_page_brings_it_to_life() -> None:
    check(0)


@pytest.mark.long
@pytest.mark.parametrize("number", range(1, 40))
def test_no_page_brings_it_to_life_in_any_other_order(number: int) -> None:
    check(number)


@pytest.mark.parametrize("vector", [*BREAKERS[:9], *(pytest.param(vector, marks=pytest.mark.long) for vector in XSS)])
def test_what_is_typed_into_a_form_comes_back_as_text(vector: str) -> None:
    """Forms repeat what was typed, and searches what was looked for."""
    client = Client()
    client.force_login(make_account("typist"))
    typed = {"name": vector, "summary": vector, "task": vector, "username": vector, "email": vector, "login": vector}
    answers = [
        client.post("/submit/", typed),
        client.get("/models/", {"q": vector, "task": vector, "sort": vector}),
        client.get("/log/", {"tag": vector, "q": vector}),
        client.post("/accounts/email/", {**typed, "action_add": ""}, follow=True),
        Client().post("/accounts/signup/", typed),
        Client().post("/accounts/login/", {**typed, "password": vector}),
        Client().get("/accounts/login/", {"next": vector}),
        client.get("/" + vector),
    ]

    assert [found for answer in answers if (found := alive(answer.content.decode()))] == []


def test_the_detector_detects() -> None:
    for vector in BREAKERS[:6]:
        assert alive(f'<p title="">{vector}</p>'), vector
    assert alive(f'<a href="{BREAKERS[8]}">')
    assert alive(f'<input value="{BREAKERS[6]}">')
    assert alive('<script type="application/json">{"a": 1}</script><p>text</p>') == []
