"""The review queue."""

from __future__ import annotations

from django.db.models import Count, F, Q, QuerySet

from registry.interfaces import Verdict
from registry.models import ModelVersion, VersionState


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
