"""What the sweep does for uploads: it ends the old, and makes due what finishes the complete and clears the store."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from registry.backends import blob_store
from registry.errors import NotFoundError
from registry.jobs.queue import Due, ensure_job, requeue
from registry.models import Blob, Job, JobState, Lease, Upload
from registry.services.direct_freeing import free_direct
from registry.services.finishing import job_key, queue_finishing
from registry.uploads.admission import unfinished
from registry.uploads.protocol import TusError
from registry.uploads.selectors import offset_of
from registry.uploads.storage import partial_files
from registry.uploads.unnamed import delete_blobs, unnamed_blobs

logger = logging.getLogger(__name__)
ORPHAN_AGE = timedelta(days=1)
ORPHAN_PERIOD = timedelta(hours=1)
ORPHAN_LEASE = "orphan-blobs"
CLEARING = "clear_store"


def expire_uploads() -> Due:
    """One round of everything below; returns the jobs that became due."""
    end_expired_uploads()
    remove_orphan_files()
    return (*queue_clearing(), *finish_complete_uploads())


def queue_clearing() -> Due:
    """Make it due to clear the store, once an hour: a walk over all blobs may last longer than the sweep's lease."""
    if not _take_orphan_lease():
        return ()
    return (requeue(key=CLEARING) or ensure_job(kind=CLEARING, subject_id=0, key=CLEARING),)


def end_expired_uploads() -> int:
    """End what has had no byte for too long, unless one is arriving now; returns how many. Frees their quota."""
    ended = 0
    for upload in Upload.objects.filter(expires_at__lte=timezone.now()):
        try:
            with partial_files().writer(upload.pk) as partial:
                gone, _rows = Upload.objects.filter(pk=upload.pk, expires_at__lte=timezone.now()).delete()
                if not gone:
                    continue  # asked for again since it was read, and with that extended
                partial.remove()
        except TusError:
            continue
        if upload.direct_session and upload.finished_at is None:
            free_direct(upload)
        ended += 1
    return ended


def finish_complete_uploads() -> Due:
    """Queue uploads whose last byte came although nobody finished them: their process died, or they are too long.

    A job that failed is left to whoever asks again, as the sweep would repeat it for ever; so is one that runs, which
    would begin afresh when it fails.
    """
    complete = {job_key(upload): upload for upload in unfinished() if offset_of(upload) == upload.length}
    jobs = Job.objects.filter(key__in=complete, state__in=[JobState.FAILED, JobState.RUNNING])
    left = set(jobs.values_list("key", flat=True))
    return tuple(job_id for key, upload in complete.items() if key not in left for job_id in queue_finishing(upload))


def remove_orphan_files() -> int:
    """Delete partial files without an upload; returns how many. Rows come first, so no new upload looks like this."""
    files = partial_files()
    found = set(files.ids())
    removed = 0
    for upload_id in found - set(Upload.objects.filter(pk__in=found).values_list("pk", flat=True)):
        files.remove(upload_id)
        removed += 1
    return removed


def delete_orphan_blobs() -> int:
    """Delete blobs that no file and no upload has named for a day; returns how many.

    A blob without a row gets one first, and with it a day: it may have come a moment ago.
    """
    _register_unknown_blobs()
    deleted = delete_blobs(unnamed_blobs().filter(created_at__lt=timezone.now() - ORPHAN_AGE))
    if deleted:
        logger.info("deleted %s blobs that nothing named", deleted)
    return deleted


def _register_unknown_blobs() -> None:
    store = blob_store()
    known = set(Blob.objects.values_list("pk", flat=True))
    for sha256 in store.digests():
        if sha256 not in known:
            with suppress(NotFoundError):  # it was taken away meanwhile, as what a check of the store put there is
                Blob.objects.get_or_create(sha256=sha256, defaults={"size": store.size(sha256)})


def _take_orphan_lease() -> bool:
    """True once an hour, whichever process asks: walking the whole store is not for every sweep."""
    now = timezone.now()
    Lease.objects.get_or_create(name=ORPHAN_LEASE, defaults={"holder": "", "until": now - ORPHAN_PERIOD})
    due = Lease.objects.filter(name=ORPHAN_LEASE, until__lte=now)
    return bool(due.update(holder="sweep", until=now + ORPHAN_PERIOD))
