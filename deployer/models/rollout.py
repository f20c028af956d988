"""Endpoints and the versions that are rolled out to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from deployer.models.build import ImageBuild
from registry.models import ModelVersion, RegisteredModel


class RolloutState(models.TextChoices):
    """Where a rollout stands."""

    PENDING = "pending", _("Waiting")
    APPLYING = "applying", _("Starting")
    READY = "ready", _("In production")
    FAILED = "failed", _("Failed")
    SUPERSEDED = "superseded", _("Replaced")
    RETIRED = "retired", _("Retired")


class Health(models.TextChoices):
    """How the running replica does; independent of the rollout's state."""

    UNKNOWN = "unknown", _("Unknown")
    PROGRESSING = "progressing", _("Starting")
    HEALTHY = "healthy", _("Healthy")
    DEGRADED = "degraded", _("Down, being restarted")
    MISSING = "missing", _("Not running")


class Endpoint(models.Model):
    """A stable name that consumers call; `current` is the rollout that answers."""

    name = models.CharField(max_length=80, unique=True)
    registered_model = models.OneToOneField(RegisteredModel, on_delete=models.PROTECT, related_name="endpoint")
    current = models.ForeignKey("Rollout", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Rollout(models.Model):
    """One cup: a version being served, or on its way there. `health` is what the sweep last saw."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="rollouts")
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rollouts")
    build = models.ForeignKey(ImageBuild, on_delete=models.PROTECT, related_name="rollouts")
    state = models.CharField(max_length=10, choices=RolloutState, default=RolloutState.PENDING, db_index=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)
    image_digest = models.CharField(max_length=71)
    health = models.CharField(max_length=12, choices=Health, default=Health.UNKNOWN)
    health_changed_at = models.DateTimeField(auto_now_add=True)
    health_code = models.CharField(max_length=80, blank=True)
    health_params = models.JSONField(default=dict)
    restarts = models.PositiveIntegerField(default=0)
    failure_code = models.CharField(max_length=80, blank=True)
    failure_params = models.JSONField(default=dict)
    phases = models.JSONField(default=list)
    ready_at = models.DateTimeField(null=True)
    stop_after = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.endpoint} ← {self.version}"

    @property
    def misses_its_route(self) -> bool:
        """Whether the replica answers while the gateway leads nobody to it; such codes begin with `route.`."""
        return self.health_code.startswith("route.")

    @property
    def cup_name(self) -> str:
        """The name of the cup on the serving backend; unique for ever."""
        return f"cup-{self.pk}"
