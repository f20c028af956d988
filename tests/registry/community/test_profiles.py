"""What an account shows to everybody."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry import services
from registry.errors import UserError
from registry.models import Account, Review
from registry.plain_text import one_line
from tests.factories import make_account, make_model
from tests.registry.community.telling import bare_version, happened, words
from tests.registry.views.conftest import as_browser

pytestmark = pytest.mark.django_db


def test_models_reviews_and_acts_that_are_public(vera: Account, rita: Account) -> None:
    version = bare_version(vera)
    make_model(vera, "secret")
    Review.objects.create(version=version, reviewer=rita, decision="approve", content_digest="x")
    happened("version:approved", version, actor=rita)
    happened("model:registered", version, actor=vera, public=False)
    shown = words(Client().get("/users/vera/"))
    reviewer = words(Client().get("/users/rita/"))

    assert "Vera V." in shown
    assert "iris" in shown
    assert "secret" not in shown
    assert "registered the model" not in shown
    assert "vera@example.org" not in shown
    assert "Only you see this" not in shown
    assert "Reviews given 1 Approvals among them 1" in reviewer
    assert "approved version 1" in reviewer


def test_names_lead_to_profiles(vera: Account, rita: Account) -> None:
    version = bare_version(vera)
    happened("version:approved", version, actor=rita)
    for page in ("/models/vera/iris/", "/models/vera/iris/log/", "/log/"):
        assert 'href="/users/rita/"' in Client().get(page).content.decode(), page
    assert 'href="/users/vera/"' in Client().get("/models/vera/iris/").content.decode()


def test_an_inactive_account_shows_sanely(vera: Account) -> None:
    Account.objects.filter(pk=vera.pk).update(is_active=False)

    assert "This account is not active any more." in words(Client().get("/users/vera/"))


def test_ones_own_leads_to_everything_about_the_account(vera: Account) -> None:
    page = as_browser(vera).get("/users/vera/").content.decode()

    for path in ("/account/tokens/", "/account/notifications/", "/account/profile/", "/account/security/"):
        assert f'href="{path}"' in page


def test_display_name_and_language_are_ones_own_to_choose(vera: Account) -> None:
    web = as_browser(vera)
    answer = web.post("/account/profile/", {"display_name": " Vera \u202e<b>Q.</b> ", "language": "de"})
    account = Account.objects.get(pk=vera.pk)

    assert answer["Location"] == "/users/vera/"
    assert (account.display_name, account.language) == ("Vera <b>Q.</b>", "de")
    assert "<b>Q." not in Client().get("/users/vera/").content.decode()
    assert web.post("/account/profile/", {"display_name": "x" * 81, "language": "de"}).status_code == 400
    assert web.post("/account/profile/", {"display_name": "x", "language": "tlh"}).status_code == 400


def test_a_name_has_an_end(vera: Account) -> None:
    with pytest.raises(UserError, match="name_too_long"):
        services.choose_display_name(account=vera, name="x" * 81)


def test_more_models_and_acts_cost_no_more_queries(vera: Account) -> None:
    counts = []
    for number in (2, 20):
        for _each in range(number):
            version = bare_version(vera, f"model-{make_account().pk}")
            happened("version:submitted", version, actor=vera)
        with CaptureQueriesContext(connection) as captured:
            page = Client().get("/users/vera/")
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert len(page.context["page"].object_list) == 12


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb", "a b"),
        ("a\u202eb\u2066", "ab"),
        ("\x00a\x1b", "a"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\ud800x", "x"),
    ],
)
def test_one_line_of_plain_text_keeps_what_scripts_need(typed: str, kept: str) -> None:
    assert one_line(typed) == kept
