"""Choosing a language, and what the frame does with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from registry.models import Account
from registry.templatetags._distance import distance

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return Account.objects.create_user("somebody", password="correct-horse-battery")


def shown(client: Client, **headers: str) -> str:
    page = client.get("/models/", headers=headers)
    return page.content.decode().split("<head>")[0]


def test_the_browser_is_heard() -> None:
    assert 'lang="ar"' in shown(Client(), **{"accept-language": "ar,en;q=0.5"})
    assert 'dir="rtl"' in shown(Client(), **{"accept-language": "ar"})
    assert 'lang="en"' in shown(Client(), **{"accept-language": "tlh"})


def test_a_choice_goes_before_the_browser_and_keeps_the_page() -> None:
    client = Client(headers={"accept-language": "ar"})
    answer = client.post("/language/", {"language": "de", "next": "/models/?q=iris"})
    assert answer["Location"] == "/models/?q=iris"
    assert 'lang="de"' in shown(client)


def test_a_choice_leads_to_no_other_site() -> None:
    answer = Client().post("/language/", {"language": "de", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_an_account_finds_its_language_in_another_browser(account: Account) -> None:
    first = Client()
    first.force_login(account)
    first.post("/language/", {"language": "es"})
    second = Client(headers={"accept-language": "ar"})
    assert 'lang="ar"' in shown(second)
    second.force_login(account)
    assert 'lang="es"' in shown(second)


def test_an_unknown_language_is_not_remembered(account: Account) -> None:
    client = Client()
    client.force_login(account)
    client.post("/language/", {"language": "xx"})
    account.refresh_from_db()
    assert account.language == ""
    assert 'lang="en"' in shown(client)


def test_every_language_is_offered_in_itself() -> None:
    page = Client().get("/models/").content.decode()
    for code, name in (("en", "English"), ("de", "Deutsch"), ("es", "español")):
        assert f'<bdi lang="{code}">{name}</bdi>' in page


@pytest.mark.parametrize(
    ("language", "past", "future"),
    [("de", "vor 3 Tagen", "in 1 Stunde"), ("ar", "قبل 3 أيام", "خلال ساعة واحدة"), ("tlh", "3 days ago", "in 1 hour")],
)
def test_times_are_told_as_the_language_tells_them(language: str, past: str, future: str) -> None:
    with translation.override(language):
        assert distance(timedelta(days=3, hours=9).total_seconds()) == past
        assert distance(-timedelta(minutes=99).total_seconds()) == future


@pytest.mark.django_db
@pytest.mark.parametrize(
    "elsewhere", ["foo", "//evil.example/", "https://evil.example/", "javascript:alert(1)", "", "/\\evil"]
)
def test_the_theme_leads_to_pages_of_this_portal_alone(elsewhere: str) -> None:
    assert Client().post("/theme/", {"theme": "dark", "next": elsewhere})["Location"] == "/"
    assert Client().post("/theme/", {"theme": "dark", "next": "/models/?q=a"})["Location"] == "/models/?q=a"
