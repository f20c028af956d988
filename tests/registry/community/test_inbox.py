"""The inbox and its settings as people use them."""

from __future__ import annotations

from urllib.parse import urlparse

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry import services
from registry.models import Account, Event, Notification, NotificationSwitch
from registry.permissions import GROUPS
from registry.selectors.notifications import MANY, concerns_of, switches_of
from registry.services.notifying import unsubscribe_token
from tests.factories import make_account
from tests.registry.community.telling import bare_version, happened, mail, tell, words
from tests.registry.views.conftest import as_browser

pytestmark = pytest.mark.django_db
INBOX = "/notifications/"


@pytest.fixture
def web(vera: Account) -> Client:
    return as_browser(vera)


def news(owner: Account, number: int = 1, tag: str = "version:approved") -> list[Notification]:
    version = bare_version(owner, f"model-{Event.objects.count()}")
    for _each in range(number):
        happened(tag, version)
    tell()
    return list(Notification.objects.filter(account=owner))


class TestInbox:
    def test_it_says_what_happened_and_counts_what_is_unread(self, web: Client, vera: Account) -> None:
        news(vera, 2)
        page = web.get(INBOX)

        assert "The portal approved version 1 · vera/model-0" in words(page)
        assert "2 unread." in words(page)
        assert page.context["nav"]["unread_shown"] == "2"
        assert "2 unread notifications" in words(web.get("/"))

    def test_following_one_leads_to_the_thing_and_reads_it(self, web: Client, vera: Account) -> None:
        (row,) = news(vera)
        answer = web.get(f"{INBOX}{row.pk}/")

        assert answer["Location"] == "/models/vera/model-0/versions/1/"
        assert words(web.get(INBOX)).count("You have read everything.") == 1

    def test_unread_ones_come_first(self, web: Client, vera: Account) -> None:
        older, newer = sorted(news(vera, 2), key=lambda row: row.pk)
        services.mark_read(account=vera, ids=[newer.pk])

        assert [row.pk for row in web.get(INBOX).context["rows"]] == [older.pk, newer.pk]
        assert [row.pk for row in web.get(INBOX, {"show": "unread"}).context["rows"]] == [older.pk]
        assert web.get(INBOX, {"concern": "watched"}).context["rows"] == []

    def test_one_and_all_can_be_marked_and_unmarked(self, web: Client, vera: Account) -> None:
        first, second = news(vera, 2)
        web.post(f"{INBOX}read/", {"read": first.pk})
        assert Notification.objects.get(read_at__isnull=True) == second
        web.post(f"{INBOX}read/", {"all": "1"})
        assert not Notification.objects.filter(read_at__isnull=True)
        web.post(f"{INBOX}read/", {"unread": first.pk})
        assert Notification.objects.get(read_at__isnull=True) == first

    @pytest.mark.parametrize("value", ["", "x", "-1", "9" * 30, "1; DROP TABLE"])
    def test_a_senseless_number_marks_nothing(self, value: str, web: Client, vera: Account) -> None:
        news(vera)
        assert web.post(f"{INBOX}read/", {"read": value}).status_code == 302
        assert Notification.objects.filter(read_at__isnull=True).count() == 1

    def test_nobody_marks_or_follows_what_is_another_accounts(self, vera: Account) -> None:
        (row,) = news(vera)
        other = as_browser(make_account("mallory"))
        other.post(f"{INBOX}read/", {"read": row.pk})

        assert other.get(f"{INBOX}{row.pk}/").status_code == 404
        assert Notification.objects.get().read_at is None

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
    def test_no_form_leads_off_the_portal(self, target: str, web: Client) -> None:
        assert web.post(f"{INBOX}read/", {"all": "1", "next": target})["Location"] == INBOX

    def test_a_longer_inbox_costs_no_more_queries_and_is_paged(self, web: Client, vera: Account) -> None:
        news(vera, 2)
        with CaptureQueriesContext(connection) as few:
            web.get(INBOX)
        news(vera, 40)
        with CaptureQueriesContext(connection) as many:
            page = web.get(INBOX)

        assert len(many) == len(few)
        assert len(page.context["rows"]) == 25

    def test_the_count_in_the_header_ends_at_a_hundred(self, web: Client, vera: Account) -> None:
        version = bare_version(vera)
        events = [happened("version:approved", version) for _each in range(MANY + 3)]
        Notification.objects.bulk_create(Notification(account=vera, event=event, concern="own") for event in events)

        assert web.get("/").context["nav"]["unread_shown"] == "99+"

    @pytest.mark.parametrize(
        ("tag", "subject", "expected"),
        [
            ("image_build:failed", "image_build:7", "/builds/7/"),
            ("rollout:failed", "rollout:8", "/rollouts/8/"),
            ("version:in_review", "version:1", "/reviews/"),
        ],
    )
    def test_each_leads_to_its_own_page(self, tag: str, subject: str, expected: str, vera: Account) -> None:
        crew = make_account("crew", groups=list(GROUPS))
        happened(tag, bare_version(vera), subject=subject)
        tell()
        row = Notification.objects.get(account=crew)

        assert as_browser(crew).get(f"{INBOX}{row.pk}/")["Location"].startswith(expected)


class TestSettings:
    def test_each_sees_the_switches_that_their_rights_need(self, vera: Account) -> None:
        everything = make_account(groups=list(GROUPS))

        assert "review_queue" not in concerns_of(vera)
        assert "operations" not in concerns_of(vera)
        assert len(concerns_of(everything)) > len(concerns_of(vera))

    def test_both_switches_of_each_kind_are_kept(self, web: Client, vera: Account) -> None:
        web.post("/account/notifications/", {"own": ["inbox"], "watched": ["mail"], "pace": "daily"})
        chosen = {row.concern.value: (row.inbox, row.mail) for row in switches_of(vera)}

        assert chosen["own"] == (True, False)
        assert chosen["watched"] == (False, True)
        assert chosen["discussion"] == (False, False)
        assert Account.objects.get(pk=vera.pk).daily_mail
        page = web.get("/account/notifications/").content.decode()
        assert page.count("checked") == 3

    def test_what_is_off_in_the_inbox_still_comes_by_mail(self, web: Client, vera: Account) -> None:
        services.set_switch(account=vera, concern="own", inbox=False, mail=True)
        news(vera)
        mail()

        assert "Nothing has happened yet that concerns you." in words(web.get(INBOX))
        assert len(outbox.outbox) == 1

    def test_watched_models_are_listed_and_left(self, web: Client) -> None:
        other = bare_version(make_account("olga"), "pears").registered_model
        web.post(reverse("registry:watch", args=["olga", "pears"]), {"watching": "1"})
        assert "olga/pears" in words(web.get("/account/notifications/"))
        assert "Stop watching" in words(web.get("/models/olga/pears/"))
        web.post(reverse("registry:watch", args=["olga", "pears"]), {"watching": "0"})

        assert "olga/pears" not in words(web.get("/account/notifications/"))
        assert other.watches.get().watching is False


class TestUnsubscribing:
    def address(self, vera: Account) -> str:
        return reverse("registry:unsubscribe", args=[unsubscribe_token(account=vera, concerns=["own", "watched"])])

    def test_looking_changes_nothing(self, vera: Account) -> None:
        page = Client().get(self.address(vera))

        assert "Your models" in words(page)
        assert NotificationSwitch.objects.count() == 0

    def test_a_mail_program_posts_without_signing_in(self, vera: Account) -> None:
        news(vera)
        mail()
        header = outbox.outbox[0].extra_headers["List-Unsubscribe"].strip("<>")
        visitor = Client(enforce_csrf_checks=True)
        answer = visitor.post(urlparse(header).path, {"List-Unsubscribe": "One-Click"})

        assert answer.status_code == 200
        assert [(row.concern, row.inbox, row.mail) for row in vera.switches.all()] == [("own", True, False)]

    def test_the_inbox_keeps_what_it_was(self, vera: Account) -> None:
        services.set_switch(account=vera, concern="own", inbox=False, mail=True)
        for _twice in range(2):
            Client().post(self.address(vera))

        assert {(row.concern, row.inbox, row.mail) for row in vera.switches.all()} == {
            ("own", False, False), ("watched", True, False),
        }  # fmt: skip

    @pytest.mark.parametrize("forge", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.replace(":", "", 1)])
    def test_a_forged_address_switches_nothing(self, forge: object, vera: Account) -> None:
        token = forge(unsubscribe_token(account=vera, concerns=["own"]))  # type: ignore[operator]  # one of the above

        assert Client().post(reverse("registry:unsubscribe", args=[token])).status_code == 404
        assert NotificationSwitch.objects.count() == 0
