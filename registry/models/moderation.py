"""What people said in public and moderators may hide."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Hideable(models.Model):
    """A statement that may be hidden: its row stays as a tombstone with a reason, and nothing is deleted."""

    hidden_at = models.DateTimeField(null=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    hidden_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True

    @property
    def is_hidden(self) -> bool:
        """Whether its words may be read by moderators only."""
        return self.hidden_at is not None
