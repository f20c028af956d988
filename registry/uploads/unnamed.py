"""Blobs that no file and no upload names: they stay in the store for a while, and count for whoever stored them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from registry.backends import blob_store
from registry.models import Account, Blob, Upload, VersionFile


def unnamed_blobs() -> QuerySet[Blob]:
    """Blobs that neither a file of a version names nor an upload that is being finished."""
    named = Exists(VersionFile.objects.filter(blob=OuterRef("pk")))
    coming = Exists(Upload.objects.filter(sha256=OuterRef("pk"), finished_at__isnull=True))
    return Blob.objects.filter(~named, ~coming)


def delete_blobs(unwanted: QuerySet[Blob]) -> int:
    """Delete them, unless somebody begins to use one first; returns how many. Call it outside of a transaction."""
    deleted = 0
    for sha256 in list(unwanted.values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked and looked at again: from here to the commit nobody can begin to use the blob.
            if not Blob.objects.select_for_update().filter(pk=sha256).exists() or not unwanted.filter(pk=sha256):
                continue
            blob_store().delete(sha256)
            Blob.objects.filter(pk=sha256).delete()
            deleted += 1
    return deleted


def free_unnamed(account: Account) -> int:
    """Delete at once what the account stored and removed, instead of after a day; returns how many blobs."""
    return delete_blobs(unnamed_blobs().filter(stored_by=account))
