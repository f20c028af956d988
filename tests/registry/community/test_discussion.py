"""Talking about models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry import services
from registry.errors import ConflictError, ForbiddenError, NotFoundError, TooManyError, UserError
from registry.models import Account, DiscussionMessage, Event, RegisteredModel
from registry.rate_limits import address_key, take_turn
from registry.selectors.watching import is_watching
from registry.services.discussing import MESSAGES_PER_HOUR
from tests.at_once import at_once
from tests.factories import make_account, make_draft, make_model
from tests.registry.community.telling import bare_version, tell, told, words
from tests.registry.views.conftest import as_browser

pytestmark = pytest.mark.django_db
VECTORS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    '<a href="x" onclick="alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "![x](x' onerror='alert(1))",
    "</textarea><script>alert(1)</script>",
)


@pytest.fixture
def model(vera: Account) -> RegisteredModel:
    return bare_version(vera).registered_model


@pytest.fixture
def olga(db: None) -> Account:
    return make_account("olga")


def post(model: RegisteredModel, author: Account, text: str = "Does it know *cats*?", **fields: Any) -> Any:
    return services.post_message(registered_model=model, author=author, text=text, **fields)


class TestPosting:
    def test_owner_and_those_who_took_part_hear_of_what_is_said(
        self, model: RegisteredModel, vera: Account, olga: Account, rita: Account
    ) -> None:
        topic = post(model, olga)
        tell()
        post(model, rita, "It does.", topic=topic)
        services.watch_model(registered_model=model, account=vera, watching=False)
        tell()

        assert told() == {
            "vera": ["discussion:posted discussion"],
            "olga": ["discussion:answered discussion"],
        }
        assert is_watching(user=rita, registered_model=model)

    def test_the_owner_watches_by_default(self, model: RegisteredModel, olga: Account) -> None:
        post(model, olga)
        tell()

        assert told() == {"vera": ["discussion:posted discussion"]}

    def test_taking_part_again_does_not_undo_a_stop(self, model: RegisteredModel, olga: Account) -> None:
        post(model, olga)
        services.watch_model(registered_model=model, account=olga, watching=False)
        post(model, olga)

        assert not is_watching(user=olga, registered_model=model)

    def test_an_answer_to_an_answer_belongs_to_the_topic(self, model: RegisteredModel, olga: Account) -> None:
        topic = post(model, olga)
        answer = post(model, olga, topic=topic)

        assert post(model, olga, topic=answer).topic == topic

    def test_the_log_keeps_that_it_was_said_and_not_what(self, model: RegisteredModel, olga: Account) -> None:
        message = post(model, olga, "a secret")
        event = Event.objects.get(tag="discussion:posted")

        assert (event.subject, event.reason, event.public) == (f"message:{message.pk}", "", True)

    @pytest.mark.parametrize(
        ("text", "code"),
        [("", "discussion.empty"), (" \n ", "discussion.empty"), ("x" * 20_001, "card.too_large"),
         ("a\x00b", "card.not_text"), ("\ud800", "card.not_text")],
    )  # fmt: skip
    def test_what_cannot_be_posted_says_why(self, text: str, code: str, model: RegisteredModel, olga: Account) -> None:
        with pytest.raises(UserError, match=code):
            post(model, olga, text)
        assert DiscussionMessage.objects.count() == 0

    def test_a_model_that_nobody_may_know_of_is_not_talked_about(self, vera: Account) -> None:
        with pytest.raises(NotFoundError):
            post(make_model(vera, "secret"), vera)

    def test_nobody_answers_on_another_models_page(self, model: RegisteredModel, vera: Account) -> None:
        other = bare_version(vera, "other").registered_model
        topic = post(model, vera)

        with pytest.raises(NotFoundError):
            post(other, vera, topic=topic)

    def test_inactive_accounts_say_nothing(self, model: RegisteredModel) -> None:
        with pytest.raises(ForbiddenError):
            post(model, make_account(is_active=False))

    @pytest.mark.usefixtures("standing_clock")
    def test_nobody_floods_a_discussion(self, model: RegisteredModel, olga: Account) -> None:
        for _each in range(MESSAGES_PER_HOUR):
            hour = timedelta(hours=1)
            take_turn(what="message", who=str(olga.pk), limit=MESSAGES_PER_HOUR, period=hour, code="x")
        with pytest.raises(TooManyError):
            post(model, olga, "Again")
        page = as_browser(olga).post(reverse("registry:model_discussion", args=["vera", "iris"]), {"text": "Mine"})

        assert "You have written 20 messages within the hour." in words(page)
        assert "Mine</textarea>" in page.content.decode()
        post(model, make_account(), "I may")


class TestEditing:
    def test_what_it_said_before_stays(self, model: RegisteredModel, olga: Account) -> None:
        message = post(model, olga, "First")
        services.edit_message(message=message, actor=olga, text="Second")
        services.edit_message(message=message, actor=olga, text="Second")
        page = words(Client().get(reverse("registry:discussion_topic", args=["vera", "iris", message.pk])))

        assert page.index("Second") < page.index("What it said before") < page.index("First")
        assert message.earlier_texts.count() == 1

    def test_only_ones_own_within_a_day_and_not_what_is_hidden(
        self, model: RegisteredModel, olga: Account, rita: Account
    ) -> None:
        message = post(model, olga)
        with pytest.raises(ForbiddenError):
            services.edit_message(message=message, actor=rita, text="Mine now")
        DiscussionMessage.objects.update(created_at=message.created_at - timedelta(hours=25))
        with pytest.raises(ConflictError, match="too_late"):
            services.edit_message(message=message, actor=olga, text="Late")
        services.hide_message(message=message, actor=rita, reason="Spam")
        with pytest.raises(ConflictError, match="hidden"):
            services.edit_message(message=message, actor=olga, text="Later")


class TestHiding:
    def test_a_tombstone_with_its_reason_stands_in_its_place(
        self, model: RegisteredModel, olga: Account, rita: Account
    ) -> None:
        message = post(model, olga, "my telephone number")
        services.hide_message(message=message, actor=rita, reason="Personal data")
        tell()
        for route in ("model_discussion", "discussion_topic"):
            args: list[Any] = ["vera", "iris", *([message.pk] if route == "discussion_topic" else [])]
            page = words(Client().get(reverse(f"registry:{route}", args=args)))
            assert "This message was hidden by rita." in page
            assert "Personal data" in page
            assert "telephone" not in page
        assert told()["olga"] == ["discussion:hidden discussion"]
        assert "telephone" not in words(as_browser(model.owner).get("/notifications/"))

        services.show_message(message=message, actor=rita, reason="It was made up")
        assert "telephone" in words(Client().get(reverse("registry:model_discussion", args=["vera", "iris"])))

    def test_nobody_hides_what_is_said_about_their_own_model(self, olga: Account) -> None:
        own = bare_version(make_account("roy", groups=["reviewers", "administrators"])).registered_model
        message = post(own, olga, "It is wrong about cats.")

        for actor in (own.owner, olga, make_account(groups=["operators"])):
            with pytest.raises(ForbiddenError):
                services.hide_message(message=message, actor=actor, reason="No")

    @pytest.mark.parametrize("reason", ["", "  ", "\x00"])
    def test_it_needs_a_reason(self, reason: str, model: RegisteredModel, olga: Account, rita: Account) -> None:
        with pytest.raises(UserError, match="reason_needed"):
            services.hide_message(message=post(model, olga), actor=rita, reason=reason)

    def test_hidden_topics_take_no_answers(self, model: RegisteredModel, olga: Account, rita: Account) -> None:
        topic = post(model, olga)
        services.hide_message(message=topic, actor=rita, reason="Spam")

        with pytest.raises(ConflictError):
            post(model, olga, topic=topic)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_moderators_leave_one_tombstone(self, model: RegisteredModel, olga: Account, rita: Account) -> None:
        message = post(model, olga)
        other = make_account(groups=["administrators"])
        outcomes = at_once(
            lambda: services.hide_message(message=message, actor=rita, reason="Spam"),
            lambda: services.hide_message(message=message, actor=other, reason="Spam"),
        )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "NoneType"]
        assert Event.objects.filter(tag="discussion:hidden").count() == 1

    @pytest.mark.usefixtures("standing_clock")
    def test_nobody_shares_the_last_turn(self, olga: Account) -> None:
        def act() -> None:
            take_turn(what="x", who=str(olga.pk), limit=2, period=timedelta(hours=1), code="discussion.too_many")

        outcomes = at_once(*[act] * 4)

        assert [type(outcome).__name__ for outcome in outcomes].count("NoneType") == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
        ("", "unknown"),
        (None, "unknown"),
        ("x'; --", "unknown"),
    ],
)
def test_a_household_counts_as_one_visitor(address: str | None, expected: str) -> None:
    assert address_key(address).replace("::ffff:c000:207", "::ffff:192.0.2.7") == expected


class TestPages:
    def address(self, route: str = "model_discussion", *more: int) -> str:
        return reverse(f"registry:{route}", args=["vera", "iris", *more])

    def test_a_visitor_reads_and_is_asked_to_sign_in(self, model: RegisteredModel, olga: Account) -> None:
        post(model, olga)
        page = Client().get(self.address())

        assert "Does it know cats?" in words(page)
        assert "Sign in to take part." in words(page)
        assert "Hi</textarea>" in Client().post(self.address(), {"text": "Hi"}).content.decode()

    def test_posting_answering_editing_and_hiding_by_form(
        self, model: RegisteredModel, olga: Account, rita: Account
    ) -> None:
        web = as_browser(olga)
        topic_page = web.post(self.address(), {"text": "Question"})["Location"]
        topic = DiscussionMessage.objects.get()
        assert topic_page == f"{self.address('discussion_topic', topic.pk)}#message-{topic.pk}"
        web.post(topic_page, {"text": "Answer"})
        answer = DiscussionMessage.objects.get(topic=topic)
        assert (
            web.get(self.address("discussion_topic", answer.pk))["Location"]
            == f"{topic_page.partition('#')[0]}#message-{answer.pk}"
        )
        assert "1 answer" in words(web.get(self.address()))
        web.post(self.address("discussion_edit", answer.pk), {"text": "Better answer"})
        as_browser(rita).post(self.address("discussion_hide", topic.pk), {"reason": "Off topic"})
        page = words(web.get(topic_page))

        assert "Off topic" in page
        assert "Better answer" in page
        assert "Your answer" not in page
        assert model.messages.count() == 2

    def test_what_is_typed_never_becomes_markup(self, model: RegisteredModel, olga: Account, rita: Account) -> None:
        Account.objects.filter(pk=olga.pk).update(display_name="<script>alert(1)</script>")
        vector = "\n\n".join(VECTORS)
        message = post(model, Account.objects.get(pk=olga.pk), vector)
        refused = as_browser(olga).post(self.address(), {"text": vector * 300})
        services.hide_message(message=post(model, olga, "x"), actor=rita, reason=VECTORS[0] + VECTORS[1])
        tell()
        pages = [
            refused,
            Client().get(self.address()),
            Client().get(self.address("discussion_topic", message.pk)),
            as_browser(rita).get(self.address("discussion_hide", message.pk)),
            as_browser(olga).get("/notifications/"),
            as_browser(model.owner).get("/notifications/"),
        ]
        for page in pages:
            html = page.content.decode().lower()
            for harm in (
                "<script>alert",
                "<img src=x",
                "<svg/onload",
                'href="javascript:',
                'href="data:',
                '<a href="x" onclick',
            ):
                assert harm not in html

    def test_a_longer_discussion_costs_no_more_queries_and_is_paged(
        self, model: RegisteredModel, olga: Account
    ) -> None:
        def fill(number: int) -> None:
            for each in range(number):
                topic = DiscussionMessage.objects.create(registered_model=model, author=olga, source="x", html="x")
                for _more in range(each % 3):
                    DiscussionMessage.objects.create(
                        registered_model=model, author=make_account(), topic=topic, source="y", html="y"
                    )

        counts = []
        for number in (3, 18):
            fill(number)
            topic = DiscussionMessage.objects.filter(topic__isnull=False).latest("pk").topic
            assert topic is not None
            for address in (self.address(), self.address("discussion_topic", topic.pk)):
                with CaptureQueriesContext(connection) as captured:
                    page = Client().get(address)
                counts.append(len(captured))

        assert counts[:2] == counts[2:]
        assert "1–15 of 21" in words(Client().get(self.address()))  # noqa: RUF001  # the page's own dash
        assert page.status_code == 200


def test_a_model_that_was_never_submitted_has_no_form_for_a_topic(vera: Account) -> None:
    """The service would refuse it: nobody else may know of the model."""
    bare_version(vera)
    make_draft(make_model(vera, "secret"), files={}, examples=())

    open_page, closed_page = (as_browser(vera).get(f"/models/vera/{name}/discussion/") for name in ("iris", "secret"))

    assert "Begin a topic" in words(open_page)
    assert "Begin a topic" not in words(closed_page)
    assert "The discussion opens once a version of the model was submitted" in words(closed_page)
