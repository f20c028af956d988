from __future__ import annotations

from typing import Any

import pytest

from registry import services
from registry.artifacts.content import content_digest
from registry.errors import ConflictError, ForbiddenError, UserError
from registry.models import Check, Event, Job, ModelVersion, Review, TrialRun, VersionState
from tests.factories import CONFIRMED, make_account, make_draft, make_model
from tests.registry.scene import (
    IMAGE,
    OTHER_DIGEST,
    checked,
    fresh,
    in_review,
    in_state,
    log_of,
    make_reviewer,
    outcome,
    owner_of,
    say,
    submitted,
    work,
)
from tests.registry.services.test_drafts import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
DECISIONS = ["comment", "request_changes", "approve", "reject"]


class TestDeciding:
    def test_an_approval_binds_both_digests_and_makes_the_image_due(self) -> None:
        version, rita = in_review(), make_reviewer("rita")

        due = say(version, rita, "approve", "Good card.")

        review = Review.objects.get()
        assert fresh(version).state == VersionState.APPROVED
        assert (review.reviewer, review.content_digest, review.image_digest) == (rita, version.content_digest, IMAGE)
        assert [Job.objects.get(pk=job_id).kind for job_id in due] == ["build_image"]
        assert log_of(version)[-3:-1] == [("review:approve", "rita"), ("version:approved", "rita")]
        assert Event.objects.get(tag="review:approve").reason == "Good card."
        event = Event.objects.get(tag="version:approved")
        assert (event.digest, event.public) == (IMAGE, True)

    @pytest.mark.parametrize(("decision", "state"), [("request_changes", "changes_requested"), ("reject", "rejected")])
    def test_a_refusal_says_why(self, decision: str, state: str) -> None:
        version, rita = in_review(), make_reviewer("rita")

        assert say(version, rita, decision, "  Where is the data from?  ") == ()

        event = Event.objects.latest("pk")
        assert (fresh(version).state, event.tag, event.actor) == (state, f"version:{state}", rita)
        assert (event.reason, event.digest) == ("Where is the data from?", version.content_digest)
        assert Review.objects.get().comment == "Where is the data from?"

    def test_a_comment_decides_nothing(self) -> None:
        version, rita = in_review(), make_reviewer("rita")

        for text in ("One.", "Two."):
            assert say(version, rita, "comment", text) == ()

        assert fresh(version).state == VersionState.IN_REVIEW
        assert [tag for tag, _ in log_of(version)[-2:]] == ["review:comment"] * 2

    def test_comments_are_rendered_inert(self) -> None:
        say(in_review(), make_reviewer(), "comment", "<script>alert(1)</script> **so**")

        html = Review.objects.get().comment_html
        assert "<strong>so</strong>" in html
        assert "<script" not in html

    @pytest.mark.parametrize("decision", ["comment", "request_changes", "reject"])
    @pytest.mark.parametrize("comment", ["", "  \n "])
    def test_who_does_not_approve_must_say_why(self, decision: str, comment: str) -> None:
        version = in_review()
        with pytest.raises(UserError) as caught:
            say(version, make_reviewer(), decision, comment)

        assert (caught.value.code, caught.value.field) == ("review.message_needed", "comment")
        assert not Review.objects.exists()

    @pytest.mark.parametrize("decision", ["", "APPROVE", "maybe"])
    def test_an_unknown_decision_is_none(self, decision: str) -> None:
        version = in_review()

        code = code_of(lambda: say(version, make_reviewer(), decision, "x"), UserError)

        assert (code, fresh(version).state) == ("review.unknown_decision", "in_review")


@pytest.mark.parametrize("decision", DECISIONS)
class TestNobodyDecidesOnTheirOwn:
    """Nobody decides on their own, whoever asks the service."""

    def test_not_the_owner(self, decision: str) -> None:
        owner = make_account(groups=["reviewers", "operators", "administrators"], is_staff=True, is_superuser=True)
        version = in_review(owner=owner)

        code = code_of(lambda: say(version, owner, decision, "Fine."), ForbiddenError)

        assert (code, fresh(version).state) == ("review.not_yours_to_decide", "in_review")
        assert not Review.objects.exists()

    def test_not_who_submitted_it(self, decision: str) -> None:
        version, reviewer = in_review(), make_reviewer()
        ModelVersion.objects.filter(pk=version.pk).update(submitted_by=reviewer)

        code = code_of(lambda: say(fresh(version), reviewer, decision, "Fine."), ForbiddenError)

        assert (code, fresh(version).state) == ("review.not_yours_to_decide", "in_review")

    @pytest.mark.parametrize("groups", [[], ["operators"], ["administrators"]])
    def test_nor_who_is_no_reviewer(self, decision: str, groups: list[str]) -> None:
        version = in_review()
        somebody = make_account(groups=groups, is_staff=True, is_superuser=True)

        assert code_of(lambda: say(version, somebody, decision, "x"), ForbiddenError) == "review.not_yours_to_decide"

    def test_nor_a_reviewer_whose_account_is_closed(self, decision: str) -> None:
        version = in_review()
        closed = make_account(groups=["reviewers"], is_active=False)

        assert code_of(lambda: say(version, closed, decision, "x"), ForbiddenError) == "review.not_yours_to_decide"


class TestWhatIsApproved:
    @pytest.mark.parametrize("digest", ["content_digest", "image_digest"])
    @pytest.mark.parametrize("decision", DECISIONS)
    def test_only_what_the_reviewer_saw(self, digest: str, decision: str) -> None:
        version = in_review()

        code = code_of(lambda: say(version, make_reviewer(), decision, "x", **{digest: OTHER_DIGEST}), ConflictError)

        assert (code, fresh(version).state) == ("review.content_changed", "in_review")
        assert not Review.objects.exists()

    @pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.IN_REVIEW])
    @pytest.mark.parametrize("decision", DECISIONS)
    def test_only_what_is_in_review(self, state: str, decision: str) -> None:
        version = in_state(state)
        log = log_of(version)

        code = code_of(lambda: say(version, make_reviewer(), decision, "x"), ConflictError)

        assert code == "review.not_in_review"
        assert (fresh(version).state, log_of(version)) == (state, log)

    def test_not_with_a_failed_check(self) -> None:
        version = in_review()
        Check.objects.filter(version=version, frozen=True, name="scan").update(verdict="fail")

        assert code_of(lambda: say(version, make_reviewer(), "approve"), UserError) == "review.checks_failed"
        assert fresh(version).state == VersionState.IN_REVIEW
        assert not Review.objects.exists()

    def test_not_without_frozen_checks(self) -> None:
        version = in_review()
        Check.objects.filter(version=version, frozen=True).delete()

        assert code_of(lambda: say(version, make_reviewer(), "approve"), UserError) == "review.checks_failed"

    @pytest.mark.parametrize("change", [{"passed": False}, {"content_digest": OTHER_DIGEST}])
    def test_not_without_a_trial_run_of_this_content(self, change: dict[str, Any]) -> None:
        version = in_review()
        TrialRun.objects.filter(version=version).update(**change)

        assert code_of(lambda: say(version, make_reviewer(), "approve"), UserError) == "review.checks_failed"

    def test_it_may_still_be_sent_back(self) -> None:
        version = in_review()
        TrialRun.objects.all().delete()

        say(version, make_reviewer(), "request_changes", "It does not start.")

        assert fresh(version).state == VersionState.CHANGES_REQUESTED


class TestTwoApprovals:
    @pytest.fixture(autouse=True)
    def _two(self, settings: Any) -> None:
        settings.REQUIRED_APPROVALS = 2

    def test_the_second_one_moves_it(self) -> None:
        version = in_review()

        assert say(version, make_reviewer(), "approve") == ()
        assert fresh(version).state == VersionState.IN_REVIEW
        assert say(version, make_reviewer(), "approve") != ()
        assert fresh(version).state == VersionState.APPROVED

    def test_one_reviewer_counts_once(self) -> None:
        version, rita = in_review(), make_reviewer()
        say(version, rita, "approve")

        assert code_of(lambda: say(version, rita, "approve"), ConflictError) == "review.approved_already"
        assert Review.objects.count() == 1
        assert [tag for tag, _ in log_of(version)].count("review:approve") == 1

    def test_an_approval_of_other_content_does_not_count(self) -> None:
        version, rita = in_review(), make_reviewer()
        say(version, rita, "approve")
        owner = owner_of(version)
        services.withdraw_version(version=version, actor=owner)
        services.reopen_version(version=version, actor=owner)
        services.update_draft(version=version, actor=owner, memory_bytes=1 << 28)
        again = in_review(fresh(version))

        say(again, make_reviewer(), "approve")

        assert fresh(again).state == VersionState.IN_REVIEW


class TestTrialRuns:
    def test_the_image_digest_is_written_once(self) -> None:
        version = submitted()
        for _ in range(2):
            services.record_image_digest(
                version_id=version.pk, content_digest=version.content_digest, image_digest=IMAGE
            )

        assert fresh(version).image_digest == IMAGE
        for content, image in ((version.content_digest, OTHER_DIGEST), (OTHER_DIGEST, IMAGE)):

            def record(content: str = content, image: str = image) -> None:
                services.record_image_digest(version_id=version.pk, content_digest=content, image_digest=image)

            assert code_of(record, ConflictError) == "trial.version_moved_on"
        assert fresh(version).image_digest == IMAGE

    @pytest.mark.parametrize("state", ["draft", "approved", "withdrawn", "changes_requested", "rejected", "retired"])
    def test_none_for_a_version_that_moved_on(self, state: str) -> None:
        version = in_state(state)
        digest = version.content_digest or content_digest(version)

        def record() -> None:
            services.record_image_digest(version_id=version.pk, content_digest=digest, image_digest=IMAGE)

        assert code_of(record, ConflictError) == "trial.version_moved_on"

    def test_a_passed_one_leads_to_review(self) -> None:
        version = in_review()

        event = Event.objects.latest("pk")
        assert (version.state, event.tag, event.actor, event.digest) == ("in_review", "version:in_review", None, IMAGE)
        assert TrialRun.objects.get().load_ms == 12.5

    def test_a_failed_one_leads_back(self) -> None:
        version = submitted()
        failed = outcome(version, passed=False, code="serving.start_timeout", params={"seconds": 3})

        assert services.record_trial_run(version_id=version.pk, outcome=failed) == ()

        event = Event.objects.latest("pk")
        assert (fresh(version).state, event.actor) == (VersionState.CHANGES_REQUESTED, None)
        assert event.reason == "serving.start_timeout"

    def test_twice_is_once(self) -> None:
        version = in_review()
        log = log_of(version)

        assert services.record_trial_run(version_id=version.pk, outcome=outcome(version)) == ()

        assert (TrialRun.objects.count(), log_of(version)) == (1, log)

    def test_one_of_other_content_is_refused(self) -> None:
        version = submitted()

        def record() -> object:
            return services.record_trial_run(
                version_id=version.pk, outcome=outcome(version, content_digest=OTHER_DIGEST)
            )

        assert code_of(record, ConflictError) == "trial.version_moved_on"
        assert not TrialRun.objects.exists()

    def test_one_of_another_image_does_not_lead_to_review(self) -> None:
        version = submitted()
        services.record_image_digest(version_id=version.pk, content_digest=version.content_digest, image_digest=IMAGE)

        def record() -> object:
            return services.record_trial_run(version_id=version.pk, outcome=outcome(version, image_digest=OTHER_DIGEST))

        assert code_of(record, ConflictError) == "lifecycle.moved_first"
        assert fresh(version).state == VersionState.SUBMITTED

    def test_one_that_comes_after_a_withdrawal_changes_nothing(self) -> None:
        version = submitted()
        services.withdraw_version(version=version, actor=owner_of(version))

        assert services.record_trial_run(version_id=version.pk, outcome=outcome(version)) == ()

        assert fresh(version).state == VersionState.WITHDRAWN


def test_an_earlier_version_s_trial_says_nothing_about_the_next() -> None:
    model = make_model()
    in_review(make_draft(model))
    second = checked(make_draft(model))
    work(services.submit_version(version=second, actor=model.owner, confirmed=CONFIRMED))

    assert not fresh(second).trial_runs.exists()
    assert fresh(second).image_digest == ""
