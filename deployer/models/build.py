"""Image builds."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models import ModelVersion


class ImageBuildState(models.TextChoices):
    """Where a build stands."""

    QUEUED = "queued", _("Queued")
    BUILDING = "building", _("Building")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ImageBuild(models.Model):
    """The packaging of one approved version. `phases` is a list of {name, started_at, seconds}."""

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="image_builds")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ImageBuildState, default=ImageBuildState.QUEUED)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    content_digest = models.CharField(max_length=71)
    approved_digest = models.CharField(max_length=71)
    built_digest = models.CharField(max_length=71, blank=True)
    phases = models.JSONField(default=list)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "number"], name="build_number_unique")]
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.version} build {self.number}"
