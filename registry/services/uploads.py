"""The verbs of uploads: create, receive, terminate, store from a form, discard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from registry.errors import ConflictError, NotFoundError, QuotaError, StorageFullError, TransientError
from registry.jobs.queue import Due
from registry.models import Account, ModelVersion, Upload
from registry.services.direct_freeing import free_direct
from registry.services.drafts import lock_draft
from registry.services.finishing import INLINE_HASH_BYTES, adopt, finish_upload, queue_finishing
from registry.uploads.admission import check_draft_limits, check_name_and_size, check_quota, unfinished
from registry.uploads.hashers import hasher_at, keep_hasher
from registry.uploads.partial_files import PartialFile
from registry.uploads.protocol import Checksum, TusError
from registry.uploads.receiving import Fill, filled_by, receive
from registry.uploads.selectors import check_here, offset_of
from registry.uploads.storage import partial_files
from registry.uploads.unnamed import free_unnamed

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of an upload: `length` bytes that `fill` gives, to stand at `offset`."""

    offset: int
    length: int
    fill: Fill
    checksum: Checksum | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a chunk led to: the new offset, when the upload expires, and the jobs that became due."""

    offset: int
    expires_at: datetime
    due: Due = ()


def create_upload(*, actor: Account, version_id: int, path: str, length: int, metadata: str = "") -> Upload:
    """Reserve `length` bytes of the account's quota for a file of a draft; `QuotaError` or `UserError` if not.

    What the account removed before still lies in the store: where the quota would not hold both, that goes now.
    """
    check_name_and_size(path=path, length=length)

    def reserve() -> Upload:
        return _reserve(actor=actor, version_id=version_id, path=path, length=length, metadata=metadata)

    try:
        return reserve()
    except QuotaError:
        if not free_unnamed(actor):
            raise
    return reserve()


def _reserve(*, actor: Account, version_id: int, path: str, length: int, metadata: str) -> Upload:
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=actor.pk)
        draft = lock_draft(ModelVersion(pk=version_id), account)
        check_draft_limits(draft=draft, path=path, length=length)
        check_quota(account=account, length=length)
        return Upload.objects.create(
            owner=account, version=draft, path=path, length=length, metadata=metadata, expires_at=_expiry()
        )


def receive_chunk(*, upload: Upload, chunk: Chunk) -> Received:
    """Append a chunk, bytes first synced and then acknowledged; the last one makes the upload a file of its draft.

    409 at another offset than the chunk's, 413 past the declared length, 423 while another writes, 460 for a wrong
    checksum, `StorageFullError`, `TransientError` if the client broke off. What had arrived by then stays, but for a
    chunk with a checksum. An empty chunk at the end repeats the finishing.
    """
    if upload.direct_session:
        raise ConflictError("upload.direct_only")
    _claim_folder(upload)
    with partial_files().writer(upload.pk) as partial:
        upload = _still_wanted(upload, partial)
        offset = upload.length if upload.sha256 else partial.offset
        _check_fit(chunk, offset=offset, length=upload.length)
        if chunk.length:
            extend(upload)
            sha256 = _append(partial, chunk, upload.length)
            if sha256:
                adopt(upload=upload, partial=partial, sha256=sha256)
            offset += chunk.length
    due = _finish(upload) if offset == upload.length and upload.finished_at is None else ()
    return Received(offset=offset, expires_at=upload.expires_at, due=due)


def extend(upload: Upload) -> None:
    """Count the expiry from now on. Before the bytes come, since a full disk may leave no room for it afterwards."""
    upload.expires_at = _expiry()
    if not Upload.objects.filter(pk=upload.pk).update(expires_at=upload.expires_at):
        raise NotFoundError("upload.unknown")


def terminate_upload(*, upload: Upload) -> None:
    """Give the upload up and free its bytes and its quota. A chunk that still arrives finds nothing to be added to."""
    Upload.objects.filter(pk=upload.pk).delete()
    transaction.on_commit(lambda: partial_files().remove(upload.pk))
    if upload.direct_session:
        transaction.on_commit(lambda: free_direct(upload))


def discard_uploads(*, version: ModelVersion, path: str | None = None) -> None:
    """Give up a draft's unfinished uploads, all or those of one path: for who removes the draft or the file."""
    rows = unfinished().filter(version=version)
    for upload in rows if path is None else rows.filter(path=path):
        terminate_upload(upload=upload)


def cancel_upload(*, upload_id: UUID, version: ModelVersion, actor: Account) -> None:
    """Give up one of the actor's unfinished uploads to a draft; one that is gone already is fine."""
    upload = unfinished().filter(pk=upload_id, version=version, owner=actor).first()
    if upload is not None:
        terminate_upload(upload=upload)


def retry_upload(*, upload_id: UUID, version: ModelVersion, actor: Account) -> Due:
    """Finish once more what has arrived whole and could not be finished; one that is gone or finished is fine."""
    upload = unfinished().filter(pk=upload_id, version=version, owner=actor).first()
    if upload is None or offset_of(upload) < upload.length:
        return ()
    with transaction.atomic():
        return queue_finishing(upload)


def store_form_file(*, version: ModelVersion, actor: Account, path: str, uploaded_file: UploadedFile[bytes]) -> Due:
    """Store a file that came with a form, under the rules of every upload."""
    limit, size = settings.LIMITS["form_upload_max_bytes"], uploaded_file.size or 0
    if size > limit:
        raise TusError("upload.form_too_large", status=413, field="files", limit_bytes=limit, size_bytes=size)
    upload = create_upload(actor=actor, version_id=version.pk, path=path, length=size)
    try:
        return receive_chunk(upload=upload, chunk=Chunk(offset=0, length=size, fill=filled_by(uploaded_file.read))).due
    except BaseException:
        terminate_upload(upload=upload)  # nobody could resume it
        raise


def _claim_folder(upload: Upload) -> None:
    """Its bytes lie in one folder: of the web servers that share none, the first one to get some keeps it."""
    if not upload.folder and not upload.sha256:
        here = partial_files().folder_id
        upload.folder = here
        if not Upload.objects.filter(pk=upload.pk, folder="").update(folder=here):
            stored = Upload.objects.filter(pk=upload.pk).values_list("folder", "sha256").first()
            upload.folder, upload.sha256 = stored or (here, "")  # one that is gone is told under the file's lock
    check_here(upload)


def _still_wanted(upload: Upload, partial: PartialFile) -> Upload:
    """The row as stored now, read under the file's lock; a file that nobody wants any more is removed."""
    stored = Upload.objects.select_related("version", "owner").filter(pk=upload.pk).first()
    if stored is None:
        partial.remove()
        raise NotFoundError("upload.unknown")
    if stored.sha256 and not partial.offset:
        partial.remove()  # its bytes are in the store by now, and opening it made a new, empty file
    if stored.finished_at is None and not stored.version.is_editable:
        raise ConflictError("version.frozen", state=stored.version.state)
    return stored


def _check_fit(chunk: Chunk, *, offset: int, length: int) -> None:
    if chunk.offset != offset:
        raise ConflictError("upload.wrong_offset", offset=offset, given=chunk.offset)
    if chunk.length > length - offset:
        raise TusError("upload.past_end", status=413, length=length, offset=offset, given=chunk.length)


def _append(partial: PartialFile, chunk: Chunk, length: int) -> str:
    """Receive and sync the chunk; returns the file's SHA-256 if it is complete and was hashed on its way, else ""."""
    hasher = hasher_at(partial.identity, chunk.offset)
    whole = [] if hasher is None else [hasher]
    if chunk.checksum is None:
        received = _receive_synced(partial, chunk, whole)
    else:
        checked = chunk.checksum.hasher()
        with partial.unverified():
            received = _receive_synced(partial, chunk, [*whole, checked])
            _check_whole(received, chunk, partial)
            if checked.digest() != chunk.checksum.digest:
                raise TusError("upload.checksum_mismatch", status=460)
    if hasher is not None and partial.offset < length:
        keep_hasher(partial.identity, partial.offset, hasher)
    _check_whole(received, chunk, partial)
    return hasher.hexdigest() if hasher is not None and partial.offset == length else ""


def _receive_synced(partial: PartialFile, chunk: Chunk, hashers: list[_Hash]) -> int:
    try:
        try:
            return receive(fill=chunk.fill, partial=partial, length=chunk.length, hashers=hashers)
        finally:
            partial.sync()
    except StorageFullError as error:
        raise StorageFullError("upload.disk_full", arrived_bytes=partial.offset) from error


def _check_whole(received: int, chunk: Chunk, partial: PartialFile) -> None:
    if received < chunk.length:
        raise TransientError("upload.interrupted", arrived_bytes=partial.offset)


def _finish(upload: Upload) -> Due:
    if not upload.sha256 and upload.length > INLINE_HASH_BYTES:
        return queue_finishing(upload)
    return finish_upload(upload_id=upload.pk)


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=settings.LIMITS["upload_expiry_hours"])
