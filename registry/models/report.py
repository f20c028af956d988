"""What somebody finds wrong with a model or with what was said about it, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import ModelVersion, RegisteredModel
from registry.models.desk import ThreadComment
from registry.models.discussion import DiscussionMessage
from registry.models.review import Review


class ReportCategory(models.TextChoices):
    """What is wrong."""

    LICENCE = "licence", _("Licence or copyright")
    PERSONAL_DATA = "personal_data", _("Personal data")
    HARMFUL = "harmful", _("Harmful or abusive")
    MALFUNCTION = "malfunction", _("It does not do what it says")
    OTHER = "other", _("Something else")


class ReportState(models.TextChoices):
    """Where a report stands."""

    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    DISMISSED = "dismissed", _("Dismissed")


class Report(models.Model):
    """One report. Text, reporter and contact are for the desk alone and stand in no public place."""

    registered_model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="reports")
    version = models.ForeignKey(ModelVersion, null=True, on_delete=models.SET_NULL, related_name="reports")
    message = models.ForeignKey(DiscussionMessage, null=True, on_delete=models.PROTECT, related_name="reports")
    comment = models.ForeignKey(ThreadComment, null=True, on_delete=models.SET_NULL, related_name="reports")
    review = models.ForeignKey(Review, null=True, on_delete=models.SET_NULL, related_name="reports")
    category = models.CharField(max_length=20, choices=ReportCategory)
    text = models.TextField()
    contact = models.EmailField(blank=True)
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="sent_reports"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="assigned_reports"
    )
    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.OPEN, db_index=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=500, blank=True, help_text=_("Public."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "created_at"], name="report_queue")]
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.pk}: {self.category}"

    @property
    def accused_ids(self) -> frozenset[int]:
        """The accounts that it is about: the model's owner, and who said what is reported."""
        said = [
            self.message.author_id if self.message is not None else None,
            self.comment.author_id if self.comment is not None else None,
            self.review.reviewer_id if self.review is not None else None,
        ]
        return frozenset([self.registered_model.owner_id, *(pk for pk in said if pk is not None)])
