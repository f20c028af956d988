"""Claims, viewed marks and the checklist."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from registry import services
from registry.checklist import CHECKLIST
from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.models import Event, Review, ReviewClaim, VersionState, ViewedFile
from registry.selectors import desk, threads
from tests.factories import add_file, make_account
from tests.registry.scene import OTHER_DIGEST, fresh, in_review, in_state, log_of, make_reviewer, owner_of, say
from tests.registry.services.test_drafts import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]


class TestClaiming:
    def test_it_is_told_and_ends_by_itself(self) -> None:
        version, rita = in_review(), make_reviewer("rita")

        claim = services.claim_version(version=version, actor=rita)

        assert desk.claim_of(version) == claim
        assert log_of(version)[-1] == ("review:claimed", "rita")
        ReviewClaim.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert desk.claim_of(version) is None
        services.claim_version(version=version, actor=make_reviewer("ruth"))
        assert log_of(version)[-1] == ("review:claimed", "ruth")

    def test_again_prolongs_it_without_a_word(self) -> None:
        version, rita = in_review(), make_reviewer()
        first = services.claim_version(version=version, actor=rita)

        again = services.claim_version(version=version, actor=rita)

        assert (again.claimed_at, again.expires_at > first.expires_at) == (first.claimed_at, True)
        assert [tag for tag, _ in log_of(version)].count("review:claimed") == 1

    def test_somebody_elses_is_taken_over_only_knowingly(self) -> None:
        version, rita, ruth = in_review(), make_reviewer("rita"), make_reviewer("ruth")
        services.claim_version(version=version, actor=rita)

        code = code_of(lambda: services.claim_version(version=version, actor=ruth), ConflictError)
        services.claim_version(version=version, actor=ruth, take_over=True)

        event = Event.objects.latest("pk")
        assert code == "claim.held"
        assert (event.tag, event.actor, event.subject) == ("review:claim_taken_over", ruth, f"account:{rita.pk}")
        assert desk.claim_of(version).reviewer == ruth  # type: ignore[union-attr]  # just claimed

    def test_it_blocks_nobodys_decision_and_ends_with_ones_own(self) -> None:
        version, rita, ruth = in_review(), make_reviewer(), make_reviewer()
        services.claim_version(version=version, actor=rita)
        say(version, rita, "comment", "Looking.")
        assert ReviewClaim.objects.exists()

        say(version, ruth, "approve")

        assert fresh(version).state == VersionState.APPROVED
        other = in_review()
        services.claim_version(version=other, actor=rita)
        say(other, rita, "approve")
        assert not ReviewClaim.objects.filter(version=other).exists()

    def test_releasing_is_for_ones_own(self) -> None:
        version, rita, ruth = in_review(), make_reviewer("rita"), make_reviewer("ruth")
        services.claim_version(version=version, actor=rita)

        services.release_claim(version=version, actor=ruth)
        assert ReviewClaim.objects.exists()
        services.release_claim(version=version, actor=rita)
        services.release_claim(version=version, actor=rita)

        assert not ReviewClaim.objects.exists()
        assert [entry for entry in log_of(version) if entry[0] == "review:claim_released"] == [
            ("review:claim_released", "rita")
        ]

    def test_only_who_may_decide_claims_and_only_what_waits(self) -> None:
        rita = make_reviewer()
        own = in_review(owner=rita)

        assert code_of(lambda: services.claim_version(version=own, actor=rita), ForbiddenError) == (
            "review.not_yours_to_decide"
        )
        done = in_state(VersionState.APPROVED)
        assert code_of(lambda: services.claim_version(version=done, actor=rita), ConflictError) == (
            "review.not_in_review"
        )


class TestChecklist:
    def test_an_approval_needs_every_point(self) -> None:
        version = in_review()
        with pytest.raises(UserError) as caught:
            say(version, make_reviewer(), "approve", checklist=[*list(CHECKLIST)[1:], "unknown"])

        assert (caught.value.code, caught.value.field) == ("review.checklist_incomplete", "checklist")
        assert caught.value.params["count"] == 1
        assert not Review.objects.exists()

    def test_it_is_stored_with_the_review(self) -> None:
        version = in_review()

        say(version, make_reviewer(), "comment", "Halfway.", checklist=["harm", "data"])
        say(version, make_reviewer(), "approve")

        assert [review.checklist for review in Review.objects.order_by("pk")] == [["data", "harm"], list(CHECKLIST)]
        assert set(Review.objects.values_list("revision", flat=True)) == {1}


class TestViewedFiles:
    def test_a_mark_belongs_to_one_person_and_these_bytes(self) -> None:
        version, rita = in_review(), make_reviewer()
        file = version.files.get()
        mark = partial(services.mark_file_viewed, version=version, reviewer=rita, path=file.path)

        for _ in range(2):
            mark(sha256=file.blob_id, viewed=True)

        assert desk.viewed_files(version, rita) == {file.path: file.blob_id}
        assert desk.viewed_files(version, make_reviewer()) == {}
        version.files.all().delete()
        add_file(version, file.path, b"{}")
        assert desk.viewed_files(version, rita) == {}
        assert code_of(lambda: mark(sha256=file.blob_id, viewed=True), ConflictError) == "review.content_changed"

    def test_it_can_be_taken_back(self) -> None:
        version, rita = in_review(), make_reviewer()
        file = version.files.get()
        for viewed in (True, False, False):
            services.mark_file_viewed(
                version=version, reviewer=rita, path=file.path, sha256=file.blob_id, viewed=viewed
            )

        assert not ViewedFile.objects.exists()

    def test_only_reviewers_and_only_files_that_are_there(self) -> None:
        version = in_review()

        def mark(path: str, groups: list[str]) -> None:
            services.mark_file_viewed(
                version=version, reviewer=make_account(groups=groups), path=path, sha256=OTHER_DIGEST, viewed=True
            )

        assert code_of(lambda: mark("model.json", []), ForbiddenError) == "rights.may_review"
        assert code_of(lambda: mark("nothing", ["reviewers"]), NotFoundError) == "file.unknown"


def test_the_shortcuts_are_a_stored_choice() -> None:
    account = make_account()
    assert account.keyboard_shortcuts

    services.set_keyboard_shortcuts(account=account, enabled=False)
    account.refresh_from_db()

    assert not account.keyboard_shortcuts


class TestRequestedChanges:
    def test_targets_lead_to_steps(self) -> None:
        version, rita = in_review(), make_reviewer()
        say(version, rita, "request_changes", "Please.", targets=["card:Limitations", "resources", "files"])

        found = threads.open_change_requests(fresh(version))

        assert [(each.step, each.anchor, each.text, each.author) for each in found] == [
            ("files", "", "Please.", rita),
            ("card", "section:Limitations", "Please.", rita),
            ("examples", "resources", "Please.", rita),
        ]

    def test_they_stay_while_the_draft_is_mended_and_end_with_the_next_submission(self) -> None:
        version = in_review()
        say(version, make_reviewer(), "request_changes", "Please.")
        services.reopen_version(version=fresh(version), actor=owner_of(version))

        assert [(each.step, each.text) for each in threads.open_change_requests(fresh(version))] == [("", "Please.")]
        assert threads.open_change_requests(in_review(fresh(version))) == []

    def test_unknown_places_are_refused_and_others_dropped(self) -> None:
        version, rita = in_review(), make_reviewer()
        for target in ("card:", "card:" + "x" * 300, "weights", ""):
            code = code_of(lambda t=target: say(version, rita, "request_changes", "x", targets=[t]), UserError)  # type: ignore[misc]  # bound now
            assert code == "review.unknown_target"

        say(version, rita, "comment", "x", targets=["files"])

        assert Review.objects.get().targets == []
