"""The public log: who did what, when, why and to which bytes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from registry.models.catalogue import ModelVersion, RegisteredModel


class Event(models.Model):
    """One thing that happened. Rows are only ever added. `tag` reads `subject:action`; no actor means the portal.

    `said` names the statement whose words `reason` repeats, as `comment:id` or `review:id`; "" where it repeats none,
    or where that was not kept. `reason_hidden`: a moderator hid these words, so they are shown nowhere.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="events")
    tag = models.CharField(max_length=60, db_index=True)
    registered_model = models.ForeignKey(RegisteredModel, null=True, on_delete=models.PROTECT, related_name="events")
    version = models.ForeignKey(ModelVersion, null=True, on_delete=models.SET_NULL, related_name="events")
    subject = models.CharField(max_length=60, help_text="kind:id of the row whose state moved")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20, blank=True)
    reason = models.TextField(blank=True)
    said = models.CharField(max_length=60, blank=True, default="")
    reason_hidden = models.BooleanField(default=False)
    digest = models.CharField(max_length=71, blank=True)
    public = models.BooleanField(default=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tag", "-id"], name="event_tag_newest"),
            models.Index(fields=["registered_model", "-id"], name="event_model_newest"),
            models.Index(fields=["actor", "-id"], name="event_actor_newest"),
        ]
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.tag} {self.subject}"
