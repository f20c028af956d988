"""What people say about a model in public."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from registry.models.catalogue import RegisteredModel
from registry.models.moderation import Hideable


class DiscussionMessage(Hideable):
    """A topic, or an answer to one."""

    registered_model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="messages")
    topic = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="answers")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    source = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["registered_model", "-created_at"], name="discussion_of_model"),
            models.Index(fields=["topic", "created_at"], name="discussion_answers"),
        ]
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}: {self.source[:40]}"


class EarlierText(models.Model):
    """What a message said before an edit."""

    message = models.ForeignKey(DiscussionMessage, on_delete=models.CASCADE, related_name="earlier_texts")
    html = models.TextField()
    replaced_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-replaced_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.message_id} before {self.replaced_at}"
