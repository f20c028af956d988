"""Uploads under way."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from registry.models.catalogue import ModelVersion


class Upload(models.Model):
    """One resumable upload. Its offset is the size of its partial file, never a column that could disagree.

    The row exists while the upload is unfinished; its `length` counts against the owner's quota from the start.
    `folder` is the id of the folder of partial files in which its bytes lie, "" before the first of them.
    With a `direct_session` its bytes go to the content store's bucket, past the portal; `direct_arrived` once all have.
    A finished one becomes a `VersionFile` and keeps a row with `sha256`, so that a client that lost
    the last answer still learns that it has finished.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="uploads")
    path = models.CharField(max_length=200)
    length = models.PositiveBigIntegerField()
    metadata = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    folder = models.CharField(max_length=32, blank=True)
    direct_session = models.CharField(max_length=1024, blank=True)
    direct_arrived = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return self.path
