"""Models and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.names import validate_name

if TYPE_CHECKING:
    from registry.models.desk import VersionRevision


class RegisteredModel(models.Model):
    """A name under which versions appear: `owner/name`."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="registered_models")
    name = models.CharField(_("name"), max_length=39, validators=[validate_name])
    summary = models.CharField(_("summary"), max_length=200, blank=True)
    task = models.CharField(_("task"), max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "name"], name="model_owner_name_unique")]
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.owner.username}/{self.name}"


class VersionState(models.TextChoices):
    """Where a version stands in registration and review."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Checking")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    RETIRED = "retired", _("Retired")


class ModelVersion(models.Model):
    """One version of a model. Frozen while its state is not `draft`; `state` is written by `lifecycle.move` only."""

    registered_model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(max_length=20, choices=VersionState, default=VersionState.DRAFT, db_index=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveIntegerField(default=0, help_text=_("Raised by each submission."))
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="submitted_versions"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    licence = models.CharField(_("licence"), max_length=60, blank=True, help_text=_("An SPDX identifier."))
    card_source = models.TextField(_("model card"), blank=True)
    card_html = models.TextField(blank=True, editable=False)
    model_format = models.CharField(max_length=30, blank=True, editable=False)
    runtime = models.CharField(max_length=60, blank=True, editable=False)
    introspection = models.JSONField(default=dict, blank=True, editable=False)
    cpu_millis = models.PositiveIntegerField(_("CPU, in thousandths of a core"), default=1000)
    memory_bytes = models.PositiveBigIntegerField(_("memory, in bytes"), default=1 << 30)
    content_digest = models.CharField(max_length=71, blank=True, editable=False)
    image_digest = models.CharField(max_length=71, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    submission: VersionRevision | None = None
    """Set by `registry.submitted` where an instance stands for what was submitted last, not for the row; no column."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["registered_model", "number"], name="version_number_unique"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "submitted_at"], name="version_queue_order")]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.registered_model} {self.number}"

    @property
    def label(self) -> str:
        """What answers and pages call this version."""
        return str(self.number)

    @property
    def is_editable(self) -> bool:
        """Whether content may still change."""
        return self.state == VersionState.DRAFT
