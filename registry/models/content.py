"""What a version is made of: files, which are named blobs, and examples."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import ModelVersion


class Blob(models.Model):
    """Bytes in the content store, named by their SHA-256 (lower-case hex).

    `stored_by` is whoever stored them last: as long as no file names them, they count against that account's quota.
    """

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.PositiveBigIntegerField()
    stored_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256


class VersionFile(models.Model):
    """One file of a version. `path_key` is the path in folded case: two names must differ in more than case."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    path_key = models.CharField(max_length=400)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="files")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "path_key"], name="file_path_unique")]
        ordering: ClassVar = ["path"]

    def __str__(self) -> str:
        return self.path


class Example(models.Model):
    """A request of the Open Inference Protocol V2 with the answer that is expected within a tolerance."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="examples")
    position = models.PositiveIntegerField()
    title = models.CharField(_("title"), max_length=120, blank=True)
    request = models.JSONField(_("request"))
    expected = models.JSONField(_("expected answer"))
    tolerance = models.FloatField(_("tolerance"), default=1e-4)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "position"], name="example_position")]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.title or str(self.position)
