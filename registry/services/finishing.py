"""From the last byte to the file of a version. Each step may be the last before a crash; the next call goes on.

Under the writer's lock: digest into the row, row of the blob, bytes into the store. Then, in one transaction: the file
of the version and the end of the upload, so that its bytes count against the quota once at every moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from registry.backends import blob_store, direct_uploads
from registry.errors import IntegrityError, NotFoundError, OperatorError, TransientError, UserError
from registry.jobs.queue import Due, ensure_job, requeue
from registry.models import Blob, ModelVersion, Upload
from registry.services.drafts import attach_file
from registry.uploads.partial_files import PartialFile
from registry.uploads.selectors import FINISHING, check_here
from registry.uploads.storage import partial_files

Report = Callable[[int, int], None]
INLINE_HASH_BYTES = 256 << 20
_PIECE = 1 << 20
_REPORT_BYTES = 64 << 20


def finish_upload(
    *,
    upload_id: UUID,
    report: Report | None = None,
    writing: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> Due:
    """Take a complete upload from wherever it stands to its end. Safe to run twice, and beside another."""
    upload = _unfinished(upload_id)
    if upload is None:
        return ()
    files = partial_files()
    if upload.direct_session:
        if upload.direct_arrived:
            _take_over(upload, report)
    elif files.path(upload_id).exists():
        with files.writer(upload_id) as partial:
            upload = _unfinished(upload_id)
            if upload is None:
                partial.remove()
                return ()
            if upload.sha256 and not partial.offset:
                partial.remove()  # another has just moved the bytes to the store, and opening made a new, empty file
            elif partial.offset == upload.length:
                adopt(upload=upload, partial=partial, sha256=upload.sha256 or digest_of(partial, upload.length, report))
    else:
        check_here(upload)
    if not upload.sha256:
        return ()
    return attach(upload_id=upload_id, writing=writing)


def adopt(*, upload: Upload, partial: PartialFile, sha256: str) -> None:
    """Hand the bytes to the content store. The caller holds the file's lock and vouches for the digest."""
    if not Upload.objects.filter(pk=upload.pk).update(sha256=sha256):
        raise NotFoundError("upload.unknown")
    upload.sha256 = sha256
    remember_blob(upload)
    blob_store().adopt(partial.path, sha256)


def _take_over(upload: Upload, report: Report | None) -> None:
    """Take the digest of what a client sent to the bucket, and make it a blob there."""
    place = direct_uploads()
    if place is None:
        raise OperatorError("upload.direct_off")
    if not upload.sha256:
        with place.open(upload.pk.hex) as source:
            sha256 = _digest_of_stream(source, upload.length, report)
        if not Upload.objects.filter(pk=upload.pk).update(sha256=sha256):
            raise NotFoundError("upload.unknown")
        upload.sha256 = sha256
    remember_blob(upload)
    place.keep(upload.pk.hex, upload.sha256)


def attach(*, upload_id: UUID, writing: Callable[[], AbstractContextManager[None]] = transaction.atomic) -> Due:
    """Make the stored bytes a file of the draft, and end the upload with it. A refusal ends the upload as well."""
    try:
        with writing():
            # The draft first, since whoever deletes a draft locks it before its uploads.
            ModelVersion.objects.select_for_update(of=("self",)).filter(uploads=upload_id).first()
            upload = Upload.objects.select_for_update().filter(pk=upload_id).first()
            if upload is None:
                raise NotFoundError("upload.unknown")
            if upload.finished_at is not None:
                return ()
            _check_stored(upload.sha256)
            due = attach_file(
                version=upload.version, actor=upload.owner, path=upload.path, sha256=upload.sha256, size=upload.length
            )
            upload.finished_at = timezone.now()
            upload.save(update_fields=["finished_at"])
            return due
    except UserError:
        Upload.objects.filter(pk=upload_id, finished_at__isnull=True).delete()
        raise


def remember_blob(upload: Upload) -> None:
    """Keep the blob's bytes from being cleared away for a day, whether they are in the store already or not yet."""
    known = {"size": upload.length, "stored_by_id": upload.owner_id, "created_at": timezone.now()}
    Blob.objects.update_or_create(sha256=upload.sha256, defaults=known)


def queue_finishing(upload: Upload) -> Due:
    """Make the finishing of the version's complete uploads due, for a file too long to be hashed in a request."""
    key = job_key(upload)
    return (requeue(key=key) or ensure_job(kind=FINISHING, subject_id=upload.version_id, key=key),)


def job_key(upload: Upload) -> str:
    """The key of the job that finishes the uploads to this one's version."""
    return f"{FINISHING}:{upload.version_id}"


def _unfinished(upload_id: UUID) -> Upload | None:
    return Upload.objects.filter(pk=upload_id, finished_at__isnull=True).first()


def _check_stored(sha256: str) -> None:
    """Hold the blob's row until the commit, so that nobody clears the bytes away in between."""
    Blob.objects.select_for_update(no_key=True).filter(sha256=sha256).first()
    if not blob_store().has(sha256):
        raise TransientError("upload.bytes_missing")


def digest_of(partial: PartialFile, length: int, report: Report | None) -> str:
    """The file's SHA-256, read from its beginning."""
    hasher = hashlib.sha256()
    for offset in range(0, length, _PIECE):
        hasher.update(partial.read(offset, _PIECE))
        if report is not None and offset % _REPORT_BYTES == 0:
            report(offset, length)
    return hasher.hexdigest()


def _digest_of_stream(source: BinaryIO, length: int, report: Report | None) -> str:
    """The SHA-256 of exactly `length` bytes; `IntegrityError` if there are fewer or more."""
    hasher, done = hashlib.sha256(), 0
    while data := source.read(_PIECE):
        hasher.update(data)
        done += len(data)
        if report is not None and done % _REPORT_BYTES < len(data):
            report(done, length)
    if done != length:
        raise IntegrityError("upload.direct_size", length=length, arrived_bytes=done)
    return hasher.hexdigest()
