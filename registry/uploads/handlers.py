"""The kind of work that finishes long uploads. Edge code: a claim comes in, the services do the rest."""

from __future__ import annotations

from datetime import timedelta

from registry.errors import PortalError, UserError
from registry.jobs.kinds import JobKind
from registry.jobs.queue import Claim, Due
from registry.services.finishing import JOB_KIND, finish_upload
from registry.uploads.admission import unfinished
from registry.uploads.selectors import offset_of


def finish_uploads(claim: Claim) -> Due:
    """Finish the version's complete uploads. Entry: all bytes there. Exit: files of the draft, or refused and gone."""
    due: list[int] = []
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
    return tuple(dict.fromkeys(due))


def leave_uploads(claim: Claim, error: PortalError) -> Due:
    """The bytes stay until the upload expires; whoever repeats the last request tries again."""
    del claim, error
    return ()


UPLOAD_KINDS = (JobKind(name=JOB_KIND, handle=finish_uploads, on_failure=leave_uploads, deadline=timedelta(hours=2)),)
