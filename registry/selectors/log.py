"""The public log."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.errors import NotFoundError
from registry.models import Event, RegisteredModel


def public_events(*, tag: str = "", registered_model: RegisteredModel | None = None) -> QuerySet[Event]:
    """The public log, newest first."""
    events = Event.objects.filter(public=True).select_related("actor", "registered_model__owner", "version")
    if tag:
        events = events.filter(tag=tag)
    if registered_model is not None:
        events = events.filter(registered_model=registered_model)
    return events.order_by("-pk")


DECISIONS = ("version:approved", "version:rejected", "version:retired", "version:in_review", "rollout:ready")


def latest_decisions(limit: int) -> list[Event]:
    """What visitors care about: what came up for review, was decided, or went into production."""
    return list(public_events().filter(tag__in=DECISIONS)[:limit])


def event_by_id(pk: int) -> Event:
    """One public event."""
    found = public_events().filter(pk=pk).first()
    if found is None:
        raise NotFoundError("event.unknown")
    return found


def event_tags() -> list[str]:
    """The tags that occur in the public log."""
    return list(Event.objects.filter(public=True).order_by("tag").values_list("tag", flat=True).distinct())
