from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from registry import services
from registry.checklist import CHECKLIST
from registry.models import Account, Check, ModelVersion, Review, VersionState
from registry.selectors import review_queue
from tests.factories import CARD, make_draft, make_model, model_bytes
from tests.registry.scene import OTHER_DIGEST, approved, fresh, in_review, make_reviewer, owner_of, say
from tests.registry.views.conftest import as_browser
from tests.registry.views.pages import count_queries, text_of, to

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita() -> Account:
    return make_reviewer("rita")


@pytest.fixture
def desk(rita: Account) -> Client:
    return as_browser(rita)


def decide(desk: Client, version: ModelVersion, decision: str, comment: str = "", **digests: str) -> Any:
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest, **digests}
    said = {"decision": decision, "comment": comment, "checklist": list(CHECKLIST), **seen}
    return desk.post(to("review", version.pk), said)


class TestQueue:
    def test_the_longest_waiting_comes_first(self, desk: Client) -> None:
        first, second = in_review(), in_review()
        ModelVersion.objects.filter(pk=first.pk).update(submitted_at=second.submitted_at)
        ModelVersion.objects.filter(pk=second.pk).update(submitted_at=first.submitted_at)

        rows = desk.get(to("review_queue")).context["rows"]

        assert [row["row"].version for row in rows] == [second, first]

    def test_ones_own_is_marked(self, desk: Client, rita: Account) -> None:
        in_review(owner=rita)

        assert "(your own)" in text_of(desk.get(to("review_queue")))

    def test_warnings_are_those_about_the_present_content(self) -> None:
        version = in_review(files={"model.json": model_bytes(), "notes.txt": b"notes"})
        Check.objects.filter(version=version, frozen=True, name__in=["card", "introspection"]).update(verdict="warn")
        Check.objects.create(
            version=version,
            content_digest=OTHER_DIGEST,
            frozen=True,
            name="scan",
            position=1,
            verdict="warn",
            code="x.y",
        )

        assert [vars(found)["warnings"] for found in review_queue()] == [2]

    def test_it_costs_a_constant_number_of_queries(self, desk: Client) -> None:
        in_review()
        before = count_queries(desk, to("review_queue"))
        for _ in range(5):
            in_review()

        assert count_queries(desk, to("review_queue")) == before

    def test_an_empty_desk_says_so(self, desk: Client) -> None:
        assert "No models wait for review." in text_of(desk.get(to("review_queue")))


class TestDeciding:
    @pytest.mark.parametrize(
        ("decision", "state"),
        [
            ("approve", "approved"),
            ("request_changes", "changes_requested"),
            ("reject", "rejected"),
            ("comment", "in_review"),
        ],
    )
    def test_a_decision_is_recorded(self, desk: Client, decision: str, state: str) -> None:
        version = in_review()

        answer = decide(desk, version, decision, "Because.")

        assert answer["Location"] == to("review", version.pk)
        assert "Your review is recorded." in text_of(desk.get(answer["Location"]))
        assert (fresh(version).state, Review.objects.get().comment) == (state, "Because.")

    def test_a_missing_message_is_asked_for_beside_the_field(self, desk: Client) -> None:
        answer = decide(desk, in_review(), "reject")

        assert answer.status_code == 400
        assert "Please write a message." in answer.context["form"].errors["comment"][0]

    def test_a_version_that_changed_meanwhile_is_told_and_the_comment_kept(self, desk: Client) -> None:
        version = in_review()

        answer = decide(desk, version, "approve", "A long and careful comment.", content_digest=OTHER_DIGEST)

        assert answer.status_code == 400
        assert "The version changed since you opened this page." in text_of(answer)
        assert "A long and careful comment." in text_of(answer)
        assert fresh(version).state == VersionState.IN_REVIEW

    def test_a_double_click_decides_once(self, desk: Client) -> None:
        version = in_review()

        answers = [decide(desk, version, "approve", "Good.") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 400]
        assert "This version is not waiting for a decision." in text_of(answers[1])
        assert Review.objects.count() == 1

    def test_failed_checks_are_told(self, desk: Client) -> None:
        version = in_review()
        Check.objects.filter(version=version, frozen=True, name="scan").update(verdict="fail")

        answer = decide(desk, version, "approve")

        assert answer.status_code == 400
        assert "A required check or the trial run has not passed." in text_of(answer)

    def test_ones_own_page_has_no_form_and_takes_none(self, desk: Client, rita: Account) -> None:
        version = in_review(owner=rita)

        page = text_of(desk.get(to("review", version.pk)))
        answer = decide(desk, version, "approve")

        assert "another reviewer decides" in page
        assert 'name="decision"' not in page
        assert answer.status_code == 403
        assert "nobody decides on a version that they own or submitted" in text_of(answer)
        assert fresh(version).state == VersionState.IN_REVIEW


class TestPage:
    def test_it_shows_what_a_decision_needs(self, desk: Client) -> None:
        version = in_review()
        say(version, make_reviewer(), "comment", "Where is the data from?")

        page = desk.get(to("review", version.pk))

        text = text_of(page)
        for shown in (version.content_digest, version.image_digest, "A setosa", "0 of 1 approval"):
            assert shown in text
        assert page.context["failed_count"] == 0
        assert "model.json" in text_of(desk.get(to("review_files", version.pk)))
        assert "Where is the data from?" in text_of(desk.get(to("review_conversation", version.pk)))
        assert "which now waits for review" in text_of(desk.get(to("review_history", version.pk)))

    def test_the_card_is_compared_with_the_version_in_use(self, desk: Client) -> None:
        first = approved(make_draft(make_model()))
        second = services.start_version(registered_model=first.registered_model, actor=owner_of(first))
        services.attach_file(
            version=second, actor=owner_of(first), path="model.json", sha256=first.files.get().blob_id, size=1
        )
        services.update_draft(version=second, actor=owner_of(first), card_source=CARD + "\nOne more line.\n")
        second = in_review(fresh(second))

        page = desk.get(to("review", second.pk))

        lines = list(page.context["card_rows"])
        assert [(line.kind, line.text) for line in lines if line.kind in {"added", "removed"}] == [
            ("added", ""),
            ("added", "One more line."),
        ]
        assert "Model card changes since version 1" in text_of(page)

    def test_visitors_are_sent_to_sign_in_and_come_back(self) -> None:
        address = to("review", in_review().pk)

        answer = Client().get(address)

        assert answer["Location"] == f"{reverse('account_login')}?next={address}"
