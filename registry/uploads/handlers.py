"""The work behind uploads: finishing long ones, clearing the store. Edge code: a claim comes in, services do it."""

from __future__ import annotations

from datetime import timedelta

from registry.errors import PortalError, UserError
from registry.jobs.kinds import JobKind
from registry.jobs.queue import Claim, Due
from registry.services.finishing import finish_upload
from registry.uploads.admission import unfinished
from registry.uploads.selectors import FINISHING, offset_of
from registry.uploads.sweeping import CLEARING, delete_orphan_blobs


def finish_uploads(claim: Claim) -> Due:
    """Finish the version's complete uploads. Entry: all bytes there. Exit: files of the draft, or refused and gone."""
    due: list[int] = []
    failed: list[PortalError] = []
    for upload in unfinished().filter(version_id=claim.subject_id):
        if offset_of(upload) == upload.length:
            try:
                due += finish_upload(
                    upload_id=upload.pk,
                    report=lambda done, total: claim.report(phase="hashing", done=done, total=total),
                    writing=claim.writing,
                )
            except UserError:
                continue  # the draft refuses this file by now; the other ones may still be taken
            except PortalError as error:
                failed.append(error)  # nor does one that cannot be finished keep the others back
    if failed:
        raise failed[0]
    return tuple(dict.fromkeys(due))


def clear_store(claim: Claim) -> Due:
    """Delete what nothing names. Entry: any store. Exit: no blob that nothing has named for a day."""
    del claim
    delete_orphan_blobs()
    return ()


def leave_uploads(claim: Claim, error: PortalError) -> Due:
    """The bytes stay until the upload expires; its page tells why, and offers to try again or to remove it."""
    del claim, error
    return ()


def leave_store(claim: Claim, error: PortalError) -> Due:
    """What nothing names waits for the next hour."""
    del claim, error
    return ()


UPLOAD_KINDS = (
    JobKind(name=FINISHING, handle=finish_uploads, on_failure=leave_uploads, deadline=timedelta(hours=2)),
    JobKind(name=CLEARING, handle=clear_store, on_failure=leave_store, deadline=timedelta(hours=2)),
)
