"""The review queue, and single words of a review."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Count, F, Q, QuerySet

from registry.errors import NotFoundError
from registry.interfaces import Verdict
from registry.models import ModelVersion, Review, ThreadComment, VersionState
from registry.permissions import User, may_see_version

Said = TypeVar("Said", ThreadComment, Review)


def open_review_count() -> int:
    """How many versions wait for a decision."""
    return ModelVersion.objects.filter(state=VersionState.IN_REVIEW).count()


def review_queue() -> QuerySet[ModelVersion]:
    """Versions that wait for a decision, the longest waiting first, with the `warnings` about their present content."""
    present = Q(checks__frozen=True, checks__content_digest=F("content_digest"))
    return (
        ModelVersion.objects.filter(state=VersionState.IN_REVIEW)
        .select_related("registered_model__owner", "submitted_by")
        .annotate(warnings=Count("checks", filter=present & Q(checks__verdict=Verdict.WARN)))
        .order_by("submitted_at", "pk")
    )


def place_in_queue(version: ModelVersion) -> int:
    """1 for the version that is looked at next."""
    waiting = ModelVersion.objects.filter(state=VersionState.IN_REVIEW, submitted_at__lt=version.submitted_at)
    return waiting.count() + 1


def comment_by_id(*, pk: int, user: User) -> ThreadComment:
    """A comment of a conversation about a version that this person may see."""
    rows = ThreadComment.objects.select_related("author", "hidden_by", "thread__version__registered_model__owner")
    return _seen(rows.filter(pk=pk).first(), user)


def review_by_id(*, pk: int, user: User) -> Review:
    """A reviewer's statement about a version that this person may see."""
    rows = Review.objects.select_related("reviewer", "hidden_by", "version__registered_model__owner")
    return _seen(rows.filter(pk=pk).first(), user)


def _seen(said: Said | None, user: User) -> Said:
    if said is None or not may_see_version(user, said.version):
        raise NotFoundError("said.unknown")
    return said
