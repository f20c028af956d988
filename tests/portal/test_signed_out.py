"""A form that was sent after the session ended: nothing typed is lost, and the way back leads to a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from portal.signed_out import is_page
from tests.factories import make_account
from tests.portal.belongings import belongings_of
from tests.portal.routes import ROWS as CORE
from tests.portal.routes import VISITOR
from tests.portal.routes_community import COMMUNITY
from tests.portal.routes_review import REVIEW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
WORDS = "An hour of <work>"
FOR_PROGRAMS = ("/uploads/", "/serve/")
HERE = "http://testserver"


def way_back(response: Any) -> str:
    """The address after signing in."""
    address = response.headers.get("Location") or response.context["sign_in_url"]
    assert address.startswith("/accounts/login/?")
    (found,) = parse_qs(urlsplit(address).query)["next"]
    return str(found)


def send(route: str, data: dict[str, str], *args: int, **headers: str) -> Any:
    return Client().post(reverse(route, args=args), data, headers=headers)


@pytest.mark.parametrize("route", ["registry:review", "registry:draft_basics", "registry:thread_new"])
def test_what_was_typed_can_be_copied(route: str) -> None:
    answer = send(route, {"comment": WORDS, "csrfmiddlewaretoken": "hidden"}, 1)
    page = answer.content.decode()

    assert answer.status_code == 403
    assert "An hour of &lt;work&gt;</textarea>" in page
    assert "hidden" not in page.partition("<main")[2]
    assert 'target="_blank"' in page, "the words stay where they are while one signs in"


def test_what_was_typed_is_named_as_its_field_was() -> None:
    typed = {"comment": WORDS, "text": WORDS}

    answer = send("registry:review", typed, 1, **{"Accept-Language": "ar"})

    assert [name for name, _text in answer.context["typed"]] == ["تعليق", "النص"]


def test_a_button_leads_to_signing_in_at_once() -> None:
    assert send("registry:review_claim", {}, 1).status_code == 302


@pytest.mark.parametrize(
    ("route", "referer", "back"),
    [
        ("registry:review_claim", "/reviews/1/conversation/?page=2#thread-3", "/reviews/1/conversation/?page=2"),
        ("registry:review_claim", "/reviews/1/claim/", "/"),  # the page that showed a refusal
        ("registry:review_claim", "https://evil.example/reviews/1/", "/"),
        ("registry:review_claim", "/nothing/here/", "/"),
        ("registry:review_claim", "", "/"),
        ("registry:review", "", "/reviews/1/"),
    ],
)
@pytest.mark.parametrize("words", ["", WORDS])
def test_the_way_back_leads_to_a_page(route: str, referer: str, back: str, words: str) -> None:
    headers = {"referer": referer if "://" in referer else f"{HERE}{referer}"} if referer else {}

    assert way_back(send(route, {"comment": words}, 1, **headers)) == back


@pytest.mark.parametrize(
    ("headers", "kind"),
    [({"HX-Request": "true"}, "text/html"), ({"accept": "application/json"}, "application/problem+json")],
)
def test_parts_of_pages_and_scripts_hear_it_in_their_own_way(headers: dict[str, str], kind: str) -> None:
    answer = Client().post("/drafts/1/basics/", {"summary": WORDS}, headers=headers)

    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (403, kind)
    assert ("HX-Retarget" in answer) == ("HX-Request" in headers)
    assert "rights.sign_in" in answer.content.decode() or "HX-Request" in headers


def test_every_address_is_known_to_take_visits_or_not() -> None:
    things = belongings_of(make_account("vera"))
    rows = {reverse(row.route, kwargs=dict(row.thing(things))): row for row in (*CORE, *COMMUNITY, *REVIEW)}

    found = {path: is_page(path) for path in rows if not path.startswith(FOR_PROGRAMS)}

    assert found == {path: rows[path].get(VISITOR, False) != 405 for path in found}  # a rule's shape
    assert set(found.values()) == {True, False}
