"""Due work. The row is the truth; a broker message only rings."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class JobState(models.TextChoices):
    """Where a piece of work stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Job(models.Model):
    """One piece of work. Only the holder of the newest `attempt` may write anything on its behalf."""

    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    key = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    run_after = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=80, blank=True)
    last_error_params = models.JSONField(default=dict)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    rerun = models.BooleanField(default=False, help_text="The subject changed while the job ran: do it once more.")
    phase = models.CharField(max_length=40, blank=True)
    # With a default in the database, so that a release that does not know the column goes on beside this one.
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "run_after"], name="job_due"),
            models.Index(fields=["kind", "subject_id"], name="job_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}: {self.state}"


class Lease(models.Model):
    """A named right that one process holds until a moment."""

    name = models.CharField(primary_key=True, max_length=40)
    holder = models.CharField(max_length=120)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
