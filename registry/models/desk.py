"""What reviewing leaves behind beside decisions: revisions as they were submitted, threads, viewed files, claims."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import ModelVersion
from registry.models.moderation import Hideable


class VersionRevision(models.Model):
    """The content of one submission, kept because the next one replaces it on the version's own row.

    `files` lists {path, sha256, size}, `examples` lists {title, request, expected, tolerance}, both as submitted.
    `confirmed` is what the submitter vouched for, sentence by sentence, in English. `introspection` is what the files
    told, as `ModelVersion` has it; None of submissions from before it was kept.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    content_digest = models.CharField(max_length=71)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    licence = models.CharField(max_length=60, blank=True)
    card_source = models.TextField(blank=True)
    card_html = models.TextField(blank=True, default="", db_default="")
    model_format = models.CharField(max_length=30, blank=True, default="", db_default="")
    runtime = models.CharField(max_length=60, blank=True, default="", db_default="")
    introspection = models.JSONField(null=True)
    cpu_millis = models.PositiveIntegerField()
    memory_bytes = models.PositiveBigIntegerField()
    files = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    confirmed = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "number"], name="revision_number_unique")]
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.version} revision {self.number}"


class ThreadSubject(models.TextChoices):
    """What a thread may be about."""

    CARD = "card", _("Model card")
    FILE = "file", _("File")
    EXAMPLE = "example", _("Example")


class ReviewThread(models.Model):
    """A conversation about one place of a version: a line of the card, a file, or an example.

    `line` counts from 1 in the card of `revision`; `line_text` is that line then, by which later revisions find it
    again. `path` is the file's path, `position` the example's number; both are empty for the other subjects.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="threads")
    revision = models.PositiveIntegerField()
    content_digest = models.CharField(max_length=71)
    subject = models.CharField(max_length=10, choices=ThreadSubject)
    line = models.PositiveIntegerField(null=True)
    line_text = models.TextField(blank=True)
    section = models.CharField(max_length=200, blank=True, help_text=_("The card's heading above the line."))
    path = models.CharField(max_length=200, blank=True)
    position = models.PositiveIntegerField(null=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="threads")
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="resolved_threads"
    )
    resolved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["version", "created_at"], name="thread_of_version")]
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.version}: {self.subject} {self.line or self.path or self.position}"


class ThreadComment(Hideable):
    """One statement in a thread; the first one opened it. `body_html` is safe HTML, rendered once."""

    thread = models.ForeignKey(ReviewThread, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="thread_comments")
    body = models.TextField()
    body_html = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}: {self.body[:40]}"

    @property
    def version(self) -> ModelVersion:
        """The version that it is about."""
        return self.thread.version


class ViewedFile(models.Model):
    """A reviewer's own tick: these bytes under this name were looked at. Other bytes need another look."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="viewed_files")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="viewed_files")
    path = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "reviewer", "path", "sha256"], name="viewed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.path}"


class ReviewClaim(models.Model):
    """Who is looking at a version now, so that two do not read the same. It ends by itself and blocks nothing."""

    version = models.OneToOneField(ModelVersion, on_delete=models.CASCADE, related_name="claim")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.version}: {self.reviewer}"
