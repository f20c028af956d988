"""The queue as reviewers choose from it, claims, past reviews and the keyboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry import services
from registry.models import Account, Blob, Check, ModelVersion, ReviewClaim, VersionState
from registry.selectors.queue import LARGE_BYTES, Risk
from tests.factories import make_account, make_draft, make_model
from tests.registry.scene import approved, fresh, in_review, make_reviewer, owner_of, say
from tests.registry.views.conftest import as_browser
from tests.registry.views.pages import count_queries, text_of, to

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> Account:
    return make_reviewer("rita")


@pytest.fixture
def desk(rita: Account) -> Client:
    return as_browser(rita)


def rows(desk: Client, query: str = "") -> list[Any]:
    return [each["row"] for each in desk.get(to("review_queue") + query).context["rows"]]


def waiting(owner: Account | None = None, **fields: Any) -> ModelVersion:
    """A version in review, without the work that leads there."""
    model = make_model(owner, f"model-{ModelVersion.objects.count()}")
    return make_draft(
        model, state=VersionState.IN_REVIEW, revision=1, content_digest="sha256:" + "a" * 64,
        submitted_at=timezone.now(), submitted_by=model.owner, examples=(), **fields,
    )  # fmt: skip


class TestRisks:
    def test_a_newcomer_with_a_licence_nobody_has(self, desk: Client) -> None:
        waiting()

        assert [row.risks for row in rows(desk)] == [(Risk.FIRST_SUBMISSION, Risk.NEW_LICENCE)]

    def test_none_for_the_next_version_like_the_last(self, desk: Client) -> None:
        first = make_draft(state=VersionState.APPROVED)
        waiting(first.registered_model.owner)

        assert [row.risks for row in rows(desk)] == [()]

    def test_what_differs_from_the_version_in_use(self, desk: Client) -> None:
        first = make_draft(state=VersionState.APPROVED)
        make_draft(
            first.registered_model, state=VersionState.IN_REVIEW, submitted_at=timezone.now(),
            licence="Apache-2.0", memory_bytes=first.memory_bytes * 2,
        )  # fmt: skip
        Blob.objects.update(size=LARGE_BYTES)

        (row,) = rows(desk)

        assert row.in_use == first
        assert row.risks == (Risk.NEW_LICENCE, Risk.LICENCE_CHANGED, Risk.LARGE, Risk.RESOURCE_JUMP)
        assert "Licence changed" in text_of(desk.get(to("review_queue")))


class TestFilters:
    def test_mine_unclaimed_and_with_warnings(self, desk: Client, rita: Account) -> None:
        mine, free, warned, own = waiting(), waiting(), waiting(), waiting(rita)
        expired, others = waiting(), waiting()
        services.claim_version(version=mine, actor=rita)
        services.claim_version(version=others, actor=make_reviewer())
        services.claim_version(version=expired, actor=rita)
        ReviewClaim.objects.filter(version=expired).update(expires_at=timezone.now() - timedelta(minutes=1))
        Check.objects.create(
            version=warned, content_digest=warned.content_digest, frozen=True, name="card", position=1, verdict="warn",
            code="introspection.nothing",
        )  # fmt: skip

        found = {
            show: [row.version for row in rows(desk, f"?show={show}")] for show in ("mine", "unclaimed", "warnings")
        }

        assert found == {"mine": [mine], "unclaimed": [free, warned, expired], "warnings": [warned]}
        assert len(rows(desk, "?show=nonsense")) == 6
        assert own in [row.version for row in rows(desk)]

    def test_a_filter_that_finds_nothing_leads_back(self, desk: Client) -> None:
        waiting()

        assert "Show the whole queue" in text_of(desk.get(to("review_queue") + "?show=mine"))


def test_the_queue_costs_a_constant_number_of_queries(desk: Client, rita: Account) -> None:
    def busy() -> None:
        first = approved(make_draft(make_model(make_account())))
        found = make_draft(first.registered_model, state=VersionState.IN_REVIEW, submitted_at=timezone.now())
        services.claim_version(version=found, actor=make_reviewer())

    busy()
    before = count_queries(desk, to("review_queue"))
    for _ in range(3):
        busy()
        waiting()

    assert count_queries(desk, to("review_queue")) == before


class TestClaims:
    def test_claiming_taking_over_and_giving_back(self, desk: Client, rita: Account) -> None:
        version, sofia = waiting(), make_reviewer("sofia")
        services.claim_version(version=version, actor=sofia)

        refused = desk.post(to("review_claim", version.pk), {"next": to("review_queue")}, follow=True)
        taken = desk.post(to("review_claim", version.pk), {"take_over": "1"}, follow=True)

        assert "sofia is looking at this version already." in text_of(refused)
        assert refused.redirect_chain[-1][0] == to("review_queue")
        assert "You are reviewing this version now" in text_of(taken)
        assert ReviewClaim.objects.get().reviewer == rita
        desk.post(to("review_release", version.pk))
        assert not ReviewClaim.objects.exists()

    def test_the_way_back_stays_within_the_portal(self, desk: Client) -> None:
        version = waiting()
        for elsewhere in ("https://example.org/", "//example.org/", "javascript:alert(1)", "/\\example.org"):
            answer = desk.post(to("review_claim", version.pk), {"next": elsewhere})
            assert answer["Location"] == to("review", version.pk)


def test_past_reviews_are_listed_all_or_ones_own(desk: Client, rita: Account) -> None:
    first, second = in_review(), in_review()
    say(first, rita, "comment", "Mine.")
    say(second, make_reviewer(), "request_changes", "Theirs.")
    services.reopen_version(version=fresh(second), actor=owner_of(second))

    everything, mine = (text_of(desk.get(to("review_past") + query)) for query in ("", "?by=me"))

    assert "Mine." in everything
    assert "Theirs." in everything
    assert to("review_conversation", second.pk) not in everything  # a draft again, which has no review to show
    assert "Theirs." not in mine


def test_shortcuts_can_be_turned_off_and_are_then_not_even_loaded(desk: Client, rita: Account) -> None:
    assert "desk.js" in text_of(desk.get(to("review_queue")))

    answer = desk.post(to("review_shortcuts"), {"enabled": "0"}, follow=True)

    assert "Keyboard shortcuts are off." in text_of(answer)
    for address in (to("review_queue"), to("review", waiting().pk)):
        page = text_of(desk.get(address))
        assert "desk.js" not in page
        assert "<dialog" not in page
    desk.post(to("review_shortcuts"), {"enabled": "1"})
    rita.refresh_from_db()
    assert rita.keyboard_shortcuts
