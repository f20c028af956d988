"""The public catalogue and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from registry.backends import serving_directory
from registry.errors import NotFoundError
from registry.models import ModelVersion, RegisteredModel
from registry.permissions import User
from registry.selectors.reviews import open_review_count
from registry.selectors.versions import SEEN_STATES, VersionWithStatus, with_status


def visible_models() -> QuerySet[RegisteredModel]:
    """Models of which something was ever submitted, newest first."""
    seen = Q(versions__state__in=SEEN_STATES) | Q(versions__revision__gt=0)
    return RegisteredModel.objects.filter(seen).distinct().select_related("owner")


def catalogue(*, query: str = "", task: str = "", live_only: bool = False) -> QuerySet[RegisteredModel]:
    """The public catalogue, searched in names, owners and summaries."""
    models = visible_models()
    for word in query.split()[:8]:
        models = models.filter(
            Q(name__icontains=word) | Q(owner__username__icontains=word) | Q(summary__icontains=word)
        )
    if task:
        models = models.filter(task=task)
    if live_only:
        models = models.filter(pk__in=serving_directory().live_model_ids())
    return models.order_by("-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Presence:
    """What a list shows of a model: the version in use, else the newest, and a newer one that is on its way."""

    shown: VersionWithStatus
    coming: VersionWithStatus | None


def presences(models: Sequence[RegisteredModel]) -> dict[int, Presence]:
    """How the public sees each model, by the model's id."""
    versions = ModelVersion.objects.filter(registered_model__in=models, state__in=SEEN_STATES).order_by("-number")
    found: dict[int, Presence] = {}
    for row in with_status(versions.defer("card_source", "card_html")):
        known = found.get(row.version.registered_model_id)
        live = row.serving is not None and row.serving.live
        if known is None:
            found[row.version.registered_model_id] = Presence(row, None)
        elif live:
            found[row.version.registered_model_id] = Presence(row, known.shown)
    return found


def model_named(*, user: User, owner: str, name: str) -> RegisteredModel:
    """The model, if this person may know of it."""
    found = RegisteredModel.objects.select_related("owner").filter(owner__username=owner, name=name).first()
    if found is None:
        raise NotFoundError("model.unknown")
    if found.owner_id != user.pk and not visible_models().filter(pk=found.pk).exists():
        raise NotFoundError("model.unknown")
    return found


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """The figures of the home page."""

    models: int
    live: int
    in_review: int
    contributors: int


def public_figures() -> PublicFigures:
    """Live counts."""
    counts = visible_models().aggregate(models=Count("pk", distinct=True), contributors=Count("owner", distinct=True))
    return PublicFigures(
        models=counts["models"],
        live=len(serving_directory().live_model_ids()),
        in_review=open_review_count(),
        contributors=counts["contributors"],
    )
