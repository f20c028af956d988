"""Checks, trial runs and decisions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.interfaces import Verdict
from registry.models.catalogue import ModelVersion
from registry.models.moderation import Hideable


class Check(models.Model):
    """One check's answer about one exact content. `code`, `params` name the texts; pages never store prose."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="checks")
    content_digest = models.CharField(max_length=71)
    frozen = models.BooleanField(default=False)
    name = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    verdict = models.CharField(max_length=4, choices=[(v.value, v.value) for v in Verdict])
    code = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    details = models.JSONField(default=list)
    advice = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "content_digest", "frozen", "name"], name="check_once"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}"


class TrialRun(models.Model):
    """What the frozen version did in its own runtime. Times are milliseconds, memory bytes."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="trial_runs")
    content_digest = models.CharField(max_length=71)
    image_digest = models.CharField(max_length=71)
    passed = models.BooleanField()
    code = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict)
    examples = models.JSONField(default=list)
    load_ms = models.FloatField(null=True)
    peak_memory_bytes = models.PositiveBigIntegerField(null=True)
    p50_ms = models.FloatField(null=True)
    p95_ms = models.FloatField(null=True)
    requests = models.PositiveIntegerField(default=0)
    log_tail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "content_digest"], name="trial_run_once")]

    def __str__(self) -> str:
        return f"{self.version}: {'passed' if self.passed else self.code}"


class DraftTrial(models.Model):
    """What a draft's model answered when its submitter tried the examples; replaced by a try of all of them.

    `answers` holds one object per request: request (the digest of `selectors.request_digest`), answer (the V2 answer,
    null if there is none), latency_ms, code and params. `code` is a message id if the model could not be asked at all.
    `files` is the digest of the files that answered (`selectors.files_digest`), "" where that was not kept. `wanted`
    are the digests of the requests that a try under way shall put; none: all of them.
    """

    version = models.OneToOneField(ModelVersion, on_delete=models.CASCADE, related_name="draft_trial")
    code = models.CharField(max_length=80, blank=True)
    params = models.JSONField(default=dict)
    answers = models.JSONField(default=list)
    files = models.CharField(max_length=64, blank=True)
    wanted = models.JSONField(default=list)
    load_ms = models.FloatField(null=True)
    peak_memory_bytes = models.PositiveBigIntegerField(null=True)
    log_tail = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.code or 'answered'}"


class Decision(models.TextChoices):
    """What a reviewer may say."""

    COMMENT = "comment", _("Comment")
    REQUEST_CHANGES = "request_changes", _("Request changes")
    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")


class Review(Hideable):
    """One statement of one reviewer, bound to the digests that the reviewer saw.

    `revision` is the submission that was seen, 0 where that was not kept. `checklist` holds the keys of
    `registry.checklist` that the reviewer ticked, `targets` the places that a request for changes names. Hiding takes
    the words away, never the decision.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=20, choices=Decision)
    comment = models.TextField(blank=True)
    comment_html = models.TextField(blank=True)
    content_digest = models.CharField(max_length=71)
    image_digest = models.CharField(max_length=71, blank=True)
    revision = models.PositiveIntegerField(default=0)
    checklist = models.JSONField(default=list)
    targets = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "reviewer", "content_digest"],
                condition=models.Q(decision="approve"),
                name="one_approval_per_reviewer",
            ),
        ]
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.decision}"
