"""Stating reviews: comment, request changes, approve, reject."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import IntegrityError as DatabaseIntegrityError
from django.db import transaction

from registry import signals
from registry.cards import render_comment
from registry.checklist import CHECKLIST, is_target, missing_items
from registry.errors import ConflictError, ForbiddenError, UserError
from registry.events import record_event, said_name
from registry.interfaces import Verdict
from registry.jobs.queue import Due
from registry.lifecycle import VERSION, move
from registry.models import Account, Decision, ModelVersion, Review, ReviewClaim, VersionState
from registry.permissions import may_decide

MOST_TARGETS = 40
NEEDS_A_MESSAGE = {Decision.COMMENT, Decision.REQUEST_CHANGES, Decision.REJECT}


def state_review(
    *,
    version: ModelVersion,
    reviewer: Account,
    decision: str,
    comment: str,
    content_digest: str,
    image_digest: str,
    checklist: Collection[str] = (),
    targets: Collection[str] = (),
) -> Due:
    """Write down what a reviewer says about exactly the digests that the reviewer saw, and act on it.

    An approval needs every item of `registry.checklist`; a request for changes may name places of the draft
    (`targets`, see `is_target`). Nobody decides on their own. A version that changed or moved since the page was
    opened is a `ConflictError`.
    """
    if not may_decide(reviewer, version):
        raise ForbiddenError("review.not_yours_to_decide")
    if decision not in Decision.values:
        raise UserError("review.unknown_decision", field="decision")
    comment = comment.strip()
    if decision in NEEDS_A_MESSAGE and not comment:
        raise UserError("review.message_needed", field="comment")
    ticked = [key for key in CHECKLIST if key in checklist]
    if decision == Decision.APPROVE and (missing := missing_items(ticked)):
        raise UserError("review.checklist_incomplete", field="checklist", count=len(missing))
    named = _named_targets(decision, targets)
    comment_html = render_comment(comment) if comment else ""
    try:
        with transaction.atomic():
            current = _lock_version_in_review(version, content_digest, image_digest)
            review = Review.objects.create(
                version=current,
                reviewer=reviewer,
                decision=decision,
                comment=comment,
                comment_html=comment_html,
                content_digest=content_digest,
                image_digest=image_digest,
                revision=current.revision,
                checklist=ticked,
                targets=named,
            )
            return _act(current, review)
    except DatabaseIntegrityError as error:
        raise ConflictError("review.approved_already") from error


def _named_targets(decision: str, targets: Collection[str]) -> list[str]:
    if decision != Decision.REQUEST_CHANGES:
        return []
    if len(targets) > MOST_TARGETS or not all(is_target(target) for target in targets):
        raise UserError("review.unknown_target", field="targets")
    return sorted(set(targets))


def _lock_version_in_review(version: ModelVersion, content_digest: str, image_digest: str) -> ModelVersion:
    current = (
        ModelVersion.objects.select_for_update(of=("self",))
        .select_related("registered_model__owner")
        .get(pk=version.pk)
    )
    if current.state != VersionState.IN_REVIEW:
        raise ConflictError("review.not_in_review", state=current.state)
    if (current.content_digest, current.image_digest) != (content_digest, image_digest):
        raise ConflictError("review.content_changed")
    return current


def _act(version: ModelVersion, review: Review) -> Due:
    reviewer, decision = review.reviewer, Decision(review.decision)
    target = {
        Decision.REQUEST_CHANGES: VersionState.CHANGES_REQUESTED,
        Decision.REJECT: VersionState.REJECTED,
    }.get(decision)
    if decision != Decision.COMMENT:
        ReviewClaim.objects.filter(version=version, reviewer=reviewer).delete()
    if target is not None:
        move(
            version,
            machine=VERSION,
            to=target,
            version=version,
            actor=reviewer,
            reason=review.comment,
            said=said_name(review),
            digest=version.content_digest,
        )
        return ()
    if decision == Decision.APPROVE:
        _require_approvable(version)
    record_event(
        tag=f"review:{decision.value}",
        subject=f"version:{version.pk}",
        actor=reviewer,
        version=version,
        reason=review.comment,
        said=said_name(review),
        digest=version.image_digest,
    )
    if decision == Decision.COMMENT:
        return ()
    return _approve_when_enough(version, reviewer)


def _require_approvable(version: ModelVersion) -> None:
    checks = version.checks.filter(content_digest=version.content_digest, frozen=True)
    tried = version.trial_runs.filter(content_digest=version.content_digest, passed=True)
    if not checks.exists() or checks.filter(verdict=Verdict.FAIL).exists() or not tried.exists():
        raise UserError("review.checks_failed", field="decision")


def _approve_when_enough(version: ModelVersion, reviewer: Account) -> Due:
    approvals = version.reviews.filter(decision=Decision.APPROVE, content_digest=version.content_digest).count()
    if approvals < settings.REQUIRED_APPROVALS:
        return ()
    move(
        version,
        machine=VERSION,
        to=VersionState.APPROVED,
        version=version,
        actor=reviewer,
        digest=version.image_digest,
        guard={"content_digest": version.content_digest, "image_digest": version.image_digest},
    )
    return signals.due_jobs(signals.version_approved.send(ModelVersion, version_id=version.pk))
