"""Claiming a version for review, and a reviewer's own marks and preferences."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.errors import ConflictError, ForbiddenError, NotFoundError
from registry.events import record_event
from registry.models import Account, ModelVersion, ReviewClaim, VersionState, ViewedFile
from registry.permissions import may_decide, may_review


def claim_version(*, version: ModelVersion, actor: Account, take_over: bool = False) -> ReviewClaim:
    """Tell the others that the actor is looking at the version; again prolongs it. It blocks nobody's decision.

    Somebody else's claim is a `ConflictError`, unless `take_over` says that the actor has seen it.
    """
    if not may_decide(actor, version):
        raise ForbiddenError("review.not_yours_to_decide")
    now = timezone.now()
    with transaction.atomic():
        current = ModelVersion.objects.select_for_update().get(pk=version.pk)
        if current.state != VersionState.IN_REVIEW:
            raise ConflictError("review.not_in_review", state=current.state)
        held = ReviewClaim.objects.select_related("reviewer").filter(version=current, expires_at__gt=now).first()
        other = held.reviewer if held is not None and held.reviewer_id != actor.pk else None
        if other is not None and not take_over:
            raise ConflictError("claim.held", name=other.get_full_name())
        claim, _created = ReviewClaim.objects.update_or_create(
            version=current,
            defaults={
                "reviewer": actor,
                "claimed_at": held.claimed_at if held is not None and other is None else now,
                "expires_at": now + timedelta(hours=settings.REVIEW_CLAIM_HOURS),
            },
        )
        if other is not None:
            _record("review:claim_taken_over", current, actor, subject=f"account:{other.pk}", reason=other.username)
        elif held is None:
            _record("review:claimed", current, actor)
    return claim


def release_claim(*, version: ModelVersion, actor: Account) -> None:
    """Give the actor's own claim back; without one nothing happens."""
    if not may_review(actor):
        raise ForbiddenError("rights.may_review")
    with transaction.atomic():
        own = ReviewClaim.objects.filter(version=version, reviewer=actor)
        expired = own.filter(expires_at__lte=timezone.now()).exists()
        deleted, _rows = own.delete()
        if deleted and not expired:
            _record("review:claim_released", version, actor)


def mark_file_viewed(*, version: ModelVersion, reviewer: Account, path: str, sha256: str, viewed: bool) -> None:
    """Set or remove the reviewer's own tick on these bytes. Bytes that the page did not show are a `ConflictError`."""
    if not may_review(reviewer):
        raise ForbiddenError("rights.may_review")
    file = version.files.filter(path=path).first()
    if file is None:
        raise NotFoundError("file.unknown", path=path)
    if file.blob_id != sha256:
        raise ConflictError("review.content_changed")
    if viewed:
        ViewedFile.objects.get_or_create(version=version, reviewer=reviewer, path=path, sha256=sha256)
    else:
        ViewedFile.objects.filter(version=version, reviewer=reviewer, path=path, sha256=sha256).delete()


def set_keyboard_shortcuts(*, account: Account, enabled: bool) -> None:
    """Whether single keys act on the review desk for this account."""
    Account.objects.filter(pk=account.pk).update(keyboard_shortcuts=enabled)


def _record(tag: str, version: ModelVersion, actor: Account, *, subject: str = "", reason: str = "") -> None:
    record_event(
        tag=tag,
        subject=subject or f"version:{version.pk}",
        actor=actor,
        version=version,
        reason=reason,
        digest=version.content_digest,
    )
