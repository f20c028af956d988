"""Hiding what was said in reviews: a tombstone everywhere that the words stood, and a way back."""

from __future__ import annotations

import pytest
from django.test import Client

from registry import services
from registry.errors import ConflictError, ForbiddenError, UserError
from registry.models import Account, Event, ModelVersion, Review, ThreadComment
from registry.selectors import threads
from tests.factories import make_account
from tests.registry.community.telling import tell, told, words
from tests.registry.scene import fresh, in_review, make_reviewer, owner_of, say
from tests.registry.views.conftest import as_browser
from tests.registry.views.pages import to

pytestmark = pytest.mark.django_db
RUDE, ASKED, REASON = "Only a fool trains so.", "Rewrite this rubbish.", "Against the rules of conduct."


@pytest.fixture
def rita(db: None) -> Account:
    return make_reviewer("rita")


@pytest.fixture
def olga(db: None) -> Account:
    return make_reviewer("olga")


@pytest.fixture
def version(rita: Account) -> ModelVersion:
    """A version with a rude comment at a line and a rude request for changes."""
    found = in_review()
    services.post_line_comment(version=found, author=rita, body=RUDE, content_digest=found.content_digest, line=1)
    say(found, rita, "request_changes", ASKED)
    return fresh(found)


def both() -> tuple[ThreadComment, Review]:
    return ThreadComment.objects.get(), Review.objects.get()


def places(version: ModelVersion) -> list[str]:
    """Every address at which a visitor reads what was said."""
    model = version.registered_model
    return [
        to("version", model.owner.username, model.name, version.number),
        to("thread", ThreadComment.objects.get().thread_id),
        to("model_log", model.owner.username, model.name),
        to("event_log"),
        to("log_feed"),
        f"/api/v1/versions/{version.pk}/threads/",
        f"/api/v1/versions/{version.pk}/reviews/",
        "/api/v1/events/",
    ]


def said_in(version: ModelVersion, reader: Client) -> str:
    return " ".join(words(reader.get(place)) for place in places(version))


def test_its_words_are_gone_everywhere_and_come_back(version: ModelVersion, olga: Account) -> None:
    owner = as_browser(owner_of(version))
    assert all(text in said_in(version, Client()) for text in (RUDE, ASKED))

    for said in both():
        services.hide_said(said=said, actor=olga, reason=REASON)

    hidden = said_in(version, Client()) + words(as_browser(olga).get(to("review_past")))
    assert RUDE not in hidden
    assert ASKED not in hidden
    assert "This comment was hidden by olga." in hidden
    assert REASON in hidden
    assert "These words were hidden by a moderator." in hidden
    services.reopen_version(version=version, actor=owner_of(version))
    asked = {request.text for request in threads.open_change_requests(fresh(version))}
    assert asked == {"These words were hidden by a moderator."}
    assert ASKED not in words(owner.get(to("draft", version.pk)))

    for said in both():
        services.show_said(said=said, actor=olga, reason="A misunderstanding.")
    assert all(text in said_in(version, Client()) for text in (RUDE, ASKED))


def test_equal_words_of_the_same_person_stay(rita: Account, olga: Account) -> None:
    version = in_review()
    thread = services.post_line_comment(
        version=version, author=rita, body=RUDE, content_digest=version.content_digest, line=1
    )
    again = services.reply_to_thread(thread=thread, author=rita, body=RUDE)
    say(version, rita, "comment", RUDE)
    say(version, rita, "comment", RUDE)
    first = Review.objects.order_by("pk")[0]

    for said in (again, first):
        services.hide_said(said=said, actor=olga, reason=REASON)

    told = Event.objects.filter(reason=RUDE).order_by("pk").values_list("tag", "reason_hidden")
    assert list(told) == [
        ("review:line_comment", False),
        ("review:reply", True),
        ("review:comment", True),
        ("review:comment", False),
    ]


def test_words_of_entries_that_name_no_statement_are_found_by_themselves(version: ModelVersion, olga: Account) -> None:
    Event.objects.update(said="")

    for said in both():
        services.hide_said(said=said, actor=olga, reason=REASON)

    hidden = said_in(version, Client())
    assert RUDE not in hidden
    assert ASKED not in hidden


def test_the_decision_stands_whatever_becomes_of_its_words(version: ModelVersion, olga: Account) -> None:
    services.hide_said(said=Review.objects.get(), actor=olga, reason=REASON)

    assert fresh(version).state == "changes_requested"
    (row,) = Client().get(f"/api/v1/versions/{version.pk}/reviews/").json()["items"]
    assert (row["decision"], row["comment"], row["hidden_reason"]) == ("request_changes", "", REASON)


def test_the_author_hears_of_it_and_nobody_else(version: ModelVersion, rita: Account, olga: Account) -> None:
    tell()
    before = {name: len(found) for name, found in told().items()}
    for said in both():
        services.hide_said(said=said, actor=olga, reason=REASON)
    tell()

    news = {name: found[before.get(name, 0) :] for name, found in told().items()}
    assert {name: found for name, found in news.items() if found} == {"rita": ["review:said_hidden review"] * 2}
    inbox = words(as_browser(rita).get(to("notifications")))
    assert f"olga hid a comment in the review of version {version.number}" in inbox
    assert REASON in inbox


@pytest.mark.parametrize("what", [0, 1])
def test_only_moderators_and_nobody_about_their_own(what: int, version: ModelVersion) -> None:
    said, owner = both()[what], owner_of(version)
    owner.groups.set(make_reviewer().groups.all())
    for actor in (make_account(), make_account(groups=["operators"]), Account.objects.get(pk=owner.pk)):
        with pytest.raises(ForbiddenError, match="moderate_review"):
            services.hide_said(said=said, actor=actor, reason=REASON)

    assert not any(said.is_hidden for said in both())


def test_it_needs_a_reason_and_happens_once(version: ModelVersion, olga: Account) -> None:
    said = both()[0]
    with pytest.raises(UserError, match="reason_needed"):
        services.hide_said(said=said, actor=olga, reason=" ")
    services.hide_said(said=said, actor=olga, reason=REASON)
    with pytest.raises(ConflictError):
        services.hide_said(said=said, actor=make_reviewer(), reason="Me too.")

    assert Event.objects.filter(tag="review:said_hidden", version=version).count() == 1


def test_from_a_report_by_form(version: ModelVersion, rita: Account, olga: Account) -> None:
    comment, desk = both()[0], as_browser(olga)
    report = services.report_model(
        registered_model=version.registered_model, comment=comment, category="harmful", text="Rude.", address="a"
    )
    address = to("comment_hide", comment.pk)
    assert address in desk.get(to("report", report.pk)).content.decode()
    assert RUDE in words(desk.get(address))
    refused = desk.post(address, {"reason": ""})
    answer = desk.post(address, {"reason": REASON})

    assert refused.status_code == 400
    assert answer["Location"] == f"{to('thread', comment.thread_id)}#comment-{comment.pk}"
    assert f'"{address}"' in desk.get(to("thread", comment.thread_id)).content.decode()
    assert f'"{address}"' not in as_browser(owner_of(version)).get(to("thread", comment.thread_id)).content.decode()
    form = f"{to('report_model', *str(version.registered_model).split('/'))}?comment={comment.pk}"
    assert "It is hidden already." in words(as_browser(rita).get(form))
