"""Reporting what is wrong, and the desk that decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry import services
from registry.errors import ConflictError, ForbiddenError, NotFoundError, TooManyError, UserError
from registry.models import (
    Account,
    DiscussionMessage,
    Event,
    ModelVersion,
    Report,
    Review,
    ReviewThread,
    ThreadComment,
)
from registry.selectors.reports import report_queue
from tests.at_once import at_once
from tests.factories import make_account, make_model
from tests.registry.community.telling import bare_version, tell, told, words
from tests.registry.views.conftest import as_browser

pytestmark = pytest.mark.django_db
SECRET_TEXT, SECRET_MAIL = "My telephone number is in file 3.", "whistle@example.net"


@pytest.fixture
def version(vera: Account) -> ModelVersion:
    return bare_version(vera)


@pytest.fixture
def olga(db: None) -> Account:
    return make_account("olga")


def send(about: ModelVersion, /, **fields: Any) -> Report:
    values = {"category": "personal_data", "text": SECRET_TEXT, "address": "192.0.2.7", **fields}
    return services.report_model(registered_model=about.registered_model, **values)


def decide(report: Report, actor: Account, *, accepted: bool = True, reason: str = "It is so.") -> None:
    services.decide_report(report=report, actor=actor, accepted=accepted, reason=reason)


class TestSending:
    def test_the_desk_hears_of_it_but_not_whom_it_is_about(
        self, version: ModelVersion, olga: Account, rita: Account, otto: Account
    ) -> None:
        admin = make_account("ada", groups=["administrators"])
        assert otto.is_active
        version.registered_model.owner.groups.set(rita.groups.all())
        send(version, reporter=olga)
        tell()

        assert set(told()) == {"rita", "otto", admin.username}
        assert told()["rita"] == ["report:filed reports"]

    def test_nothing_of_it_is_public(self, version: ModelVersion, olga: Account, rita: Account) -> None:
        report = send(version, reporter=olga, contact=SECRET_MAIL, version=version)
        decide(report, rita, reason="The file is gone.")
        event = Event.objects.get(tag="report:accepted")
        pages = [
            f"/log/{event.pk}/",
            "/log/",
            "/models/vera/iris/",
            "/models/vera/iris/log/",
            "/models/vera/iris/versions/1/",
        ]
        said = " ".join(words(Client().get(page)) for page in pages)

        assert "The file is gone." in said
        for secret in (SECRET_TEXT, SECRET_MAIL, "olga"):
            assert secret not in said
        assert Client().get(f"/log/{Event.objects.get(tag='report:filed').pk}/").status_code == 404

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"category": "spite"}, "unknown_category"),
            ({"text": " \x00\ud800 "}, "text_needed"),
            ({"text": "x" * 5001}, "too_long"),
            ({"contact": "no address"}, "bad_contact"),
            ({"contact": "a@b.example\nBcc: c@d.example"}, "bad_contact"),
        ],
    )
    def test_what_cannot_be_sent_says_why(self, fields: dict[str, str], code: str, version: ModelVersion) -> None:
        with pytest.raises(UserError, match=code):
            send(version, **fields)

    def test_what_nobody_may_know_of_is_not_reported(self, vera: Account, version: ModelVersion) -> None:
        secret = make_model(vera, "secret")
        with pytest.raises(NotFoundError):
            services.report_model(registered_model=secret, category="other", text="x", address="a")
        other = bare_version(vera, "other")
        with pytest.raises(NotFoundError):
            send(version, version=other)

    @pytest.mark.usefixtures("standing_clock")
    def test_floods_end_for_the_address_and_for_nobody_else(
        self, version: ModelVersion, olga: Account, settings: Any
    ) -> None:
        settings.REPORTS_PER_HOUR = 2
        for _each in range(2):
            send(version)
        with pytest.raises(TooManyError):
            send(version)
        send(version, address="192.0.2.8")
        send(version, reporter=olga)

        assert Report.objects.count() == 4

    def test_by_form_without_signing_in(self, version: ModelVersion, settings: Any) -> None:
        settings.REPORTS_PER_HOUR = 1
        address = reverse("registry:report_model", args=["vera", "iris"])
        fields = {"category": "harmful", "text": "It insults.", "contact": SECRET_MAIL}
        web = Client()
        answer = web.post(f"{address}?version=1", fields)
        assert answer["Location"] == "/models/vera/iris/versions/1/"
        assert "Thank you." in words(web.get("/models/vera/iris/"))
        again = web.post(address, fields)
        bad = web.post(address, {"category": "", "text": ""})
        report = Report.objects.get()

        assert (report.version, report.reporter, report.contact) == (version, None, SECRET_MAIL)
        assert again.status_code == bad.status_code == 400
        assert "You have sent 1 report within the hour." in words(again)
        assert "It insults." in words(again)

    def test_a_message_can_be_reported(self, version: ModelVersion, olga: Account) -> None:
        message = DiscussionMessage.objects.create(
            registered_model=version.registered_model, author=olga, source="x", html="<p>x</p>"
        )
        page = Client().get("/models/vera/iris/discussion/").content.decode()
        address = f"{reverse('registry:report_model', args=['vera', 'iris'])}?message={message.pk}"
        assert address in page
        Client().post(address, {"category": "harmful", "text": "It insults."})

        assert Report.objects.get().message == message

    def test_what_reviewers_say_can_be_reported(self, version: ModelVersion, rita: Account, otto: Account) -> None:
        """By a link at the comment; whoever said it does not see the report, the rest of the desk sees the words."""
        review = Review.objects.create(
            version=version, reviewer=rita, decision="comment", comment="Rude.", comment_html="<p>Rude.</p>"
        )
        thread = ReviewThread.objects.create(
            version=version, revision=1, content_digest="", subject="card", line=1, opened_by=rita
        )
        comment = ThreadComment.objects.create(thread=thread, author=rita, body="Ruder.", body_html="<p>Ruder.</p>")
        page = Client().get(f"/reviews/threads/{thread.pk}/").content.decode()
        address = reverse("registry:report_model", args=["vera", "iris"])
        assert f"{address}?comment={comment.pk}" in page
        web = Client()
        assert "Ruder." in words(web.get(f"{address}?comment={comment.pk}"))

        fields = {"category": "harmful", "text": "It insults."}
        places = [
            web.post(f"{address}?{kind}", fields)["Location"]
            for kind in (f"comment={comment.pk}", f"review={review.pk}")
        ]

        assert places == [
            f"/reviews/threads/{thread.pk}/#comment-{comment.pk}",
            f"/models/vera/iris/versions/1/#review-{review.pk}",
        ]
        of_comment, of_review = Report.objects.order_by("pk")
        assert (of_comment.comment, of_review.review) == (comment, review)
        assert list(report_queue(rita)) == []
        assert "Ruder." in words(as_browser(otto).get(f"/reports/{of_comment.pk}/"))
        assert "Rude." in words(as_browser(otto).get(f"/reports/{of_review.pk}/"))
        assert words(as_browser(otto).get("/reports/")).count("(a comment)") == 2
        assert as_browser(rita).get(f"/reports/{of_review.pk}/").status_code == 404

    @pytest.mark.parametrize("query", ["?comment=99", "?review=99", "?version=99", "?message=99"])
    def test_what_is_not_there_cannot_be_reported(self, query: str, version: ModelVersion) -> None:
        assert version.number == 1
        assert Client().get(reverse("registry:report_model", args=["vera", "iris"]) + query).status_code == 404


class TestDeciding:
    def test_open_accepted_reopened_dismissed(self, version: ModelVersion, olga: Account, rita: Account) -> None:
        report = send(version, reporter=olga)
        decide(report, rita)
        services.reopen_report(report=report, actor=rita, reason="New facts.")
        decide(report, rita, accepted=False, reason="It was made up.")
        tell()
        tags = list(Event.objects.filter(subject=f"report:{report.pk}").order_by("pk").values_list("tag", "reason"))

        assert tags == [
            ("report:filed", ""), ("report:accepted", "It is so."), ("report:open", "New facts."),
            ("report:dismissed", "It was made up."),
        ]  # fmt: skip
        assert told()["olga"] == ["report:accepted reports", "report:open reports", "report:dismissed reports"]
        assert told()["vera"] == ["report:accepted own"]
        assert (Report.objects.get().state, Report.objects.get().outcome) == ("dismissed", "It was made up.")

    def test_nobody_decides_about_their_own(self, version: ModelVersion, olga: Account) -> None:
        vera = version.registered_model.owner
        reviewer = make_account("roy", groups=["reviewers"])
        vera.groups.set(reviewer.groups.all())
        report = send(version, reporter=reviewer)

        for actor in (Account.objects.get(pk=vera.pk), reviewer, olga):
            with pytest.raises(ForbiddenError):
                decide(report, actor)
        assert list(report_queue(vera)) == []
        assert as_browser(vera).get(f"/reports/{report.pk}/").status_code == 404
        assert "others decide on it" in words(as_browser(reviewer).get(f"/reports/{report.pk}/"))

    def test_an_author_does_not_see_what_is_said_about_a_message(self, version: ModelVersion) -> None:
        author = make_account("roy", groups=["reviewers"])
        message = DiscussionMessage.objects.create(
            registered_model=version.registered_model, author=author, source="x", html="x"
        )
        report = send(version, message=message)

        assert list(report_queue(author)) == []
        with pytest.raises(ForbiddenError):
            decide(report, author)

    def test_it_needs_a_reason_and_an_open_report(self, version: ModelVersion, rita: Account) -> None:
        report = send(version)
        with pytest.raises(UserError, match="reason_needed"):
            decide(report, rita, reason=" ")
        decide(report, rita)
        with pytest.raises(ConflictError):
            decide(report, rita, accepted=False)

    def test_it_can_be_taken_on_and_given_back(self, version: ModelVersion, rita: Account, otto: Account) -> None:
        report = send(version, reporter=make_account("roy", groups=["reviewers"]))
        web = as_browser(rita)
        web.post(f"/reports/{report.pk}/assign/", {"assignee": "otto"})
        assert Report.objects.get().assigned_to == otto
        tell()
        assert told()["otto"][-1] == "report:assigned reports"
        assert [row.pk for row in as_browser(otto).get("/reports/?mine=1").context["page"]] == [report.pk]
        for name in ("vera", "roy"):
            web.post(f"/reports/{report.pk}/assign/", {"assignee": name})
            assert Report.objects.get().assigned_to == otto
        web.post(f"/reports/{report.pk}/assign/", {"assignee": ""})

        assert Report.objects.get().assigned_to is None
        assert web.post(f"/reports/{report.pk}/assign/", {"assignee": "nobody\x00"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_members_of_the_desk_at_once_leave_one_decision(
    version: ModelVersion, rita: Account, otto: Account
) -> None:
    report = send(version)
    outcomes = at_once(lambda: decide(report, rita), lambda: decide(report, otto, accepted=False))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError", "NoneType"]
    assert Event.objects.filter(tag__in=["report:accepted", "report:dismissed"]).count() == 1


class TestDesk:
    def test_queue_page_and_decision_by_form(self, version: ModelVersion, rita: Account) -> None:
        report = send(version, contact=SECRET_MAIL, version=version)
        web = as_browser(rita)
        assert SECRET_TEXT in words(web.get("/reports/"))
        page = words(web.get(f"/reports/{report.pk}/"))
        assert SECRET_MAIL in page
        assert "not signed in" in page
        assert "A visitor reported a problem" in page
        refused = web.post(f"/reports/{report.pk}/", {"decision": "accepted", "reason": ""})
        assert refused.status_code == 400
        web.post(f"/reports/{report.pk}/", {"decision": "accepted", "reason": "Removed."})

        assert Report.objects.get().state == "accepted"
        assert "No reports here." in words(web.get("/reports/"))
        assert SECRET_TEXT in words(web.get("/reports/?state=accepted"))

    @pytest.mark.parametrize("query", ["?state=%00", "?state=nonsense", "?page=x", "?mine=2"])
    def test_a_senseless_address_shows_the_queue(self, query: str, version: ModelVersion, rita: Account) -> None:
        send(version)

        assert "1 Accepted" in words(as_browser(rita).get(f"/reports/{query}"))

    def test_what_was_typed_stays_text(self, version: ModelVersion, rita: Account, olga: Account) -> None:
        Account.objects.filter(pk=olga.pk).update(display_name="<script>alert(1)</script>")
        report = send(version, text="<script>alert(1)</script>\n<b onclick=alert(1)>", reporter=olga)
        decide(report, rita, reason="<img src=x onerror=alert(1)>")
        tell()
        event = Event.objects.get(tag="report:accepted")
        pages = [
            as_browser(rita).get(f"/reports/{report.pk}/"),
            as_browser(rita).get("/reports/?state=accepted"),
            Client().get(f"/log/{event.pk}/"),
            as_browser(olga).get("/notifications/"),
        ]
        for page in pages:
            html = page.content.decode()
            for harm in ("<script>alert", "<b onclick", "<img src=x"):
                assert harm not in html

    def test_a_longer_queue_costs_no_more_queries_and_is_paged(
        self, version: ModelVersion, rita: Account, settings: Any
    ) -> None:
        settings.REPORTS_PER_HOUR = 100
        web = as_browser(rita)
        counts = []
        for number in (2, 28):
            for _each in range(number):
                send(version, reporter=make_account(), version=version)
            with CaptureQueriesContext(connection) as captured:
                page = web.get("/reports/")
            counts.append(len(captured))

        assert counts[0] == counts[1]
        assert len(page.context["page"].object_list) == 25
