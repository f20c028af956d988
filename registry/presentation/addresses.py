"""Addresses of pages that programs are told as well."""

from __future__ import annotations

from django.urls import reverse

from registry.models import DiscussionMessage


def message_path(message: DiscussionMessage) -> str:
    """The address of a message: its topic's page, at its place."""
    model = message.registered_model
    page = reverse("registry:discussion_topic", args=[model.owner.username, model.name, message.topic_id or message.pk])
    return f"{page}#message-{message.pk}"
