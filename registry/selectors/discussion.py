"""Reads of discussions."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce

from registry.errors import NotFoundError
from registry.models import DiscussionMessage, RegisteredModel


def topics_of(registered_model: RegisteredModel) -> QuerySet[DiscussionMessage]:
    """The topics, those with the newest word first, each with `answer_count` and `newest_at`."""
    shown = Q(answers__hidden_at__isnull=True)
    return (
        _with_people(registered_model.messages.filter(topic__isnull=True))
        .annotate(
            answer_count=Count("answers", filter=shown),
            newest_at=Coalesce(Max("answers__created_at", filter=shown), "created_at"),
        )
        .order_by("-newest_at", "-pk")
    )


def answers_of(topics: Sequence[DiscussionMessage]) -> dict[int, list[DiscussionMessage]]:
    """All answers, oldest first, by the topic's id."""
    found: dict[int, list[DiscussionMessage]] = {topic.pk: [] for topic in topics}
    rows = DiscussionMessage.objects.filter(topic__in=topics).prefetch_related("earlier_texts")
    for answer in _with_people(rows).order_by("created_at", "pk"):
        found[answer.topic_id or 0].append(answer)
    return found


def answers_to(topic: DiscussionMessage) -> QuerySet[DiscussionMessage]:
    """The answers to one topic, oldest first, with the model that they are about."""
    rows = _with_people(topic.answers.all()).select_related("registered_model__owner")
    return rows.order_by("created_at", "pk")


def message_of(*, registered_model: RegisteredModel, pk: int) -> DiscussionMessage:
    """One message of the model's discussion."""
    rows = registered_model.messages.filter(pk=pk).prefetch_related("earlier_texts")
    found = _with_people(rows).select_related("registered_model__owner").first()
    if found is None:
        raise NotFoundError("discussion.unknown")
    return found


def message_count(registered_model: RegisteredModel) -> int:
    """How many messages can be read."""
    return registered_model.messages.filter(hidden_at__isnull=True).count()


def _with_people(rows: QuerySet[DiscussionMessage]) -> QuerySet[DiscussionMessage]:
    return rows.select_related("author", "hidden_by", "registered_model")
