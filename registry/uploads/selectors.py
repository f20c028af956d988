"""The reads of uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from registry.backends import direct_uploads
from registry.errors import NotFoundError, TransientError
from registry.models import Account, Job, ModelVersion, Upload
from registry.permissions import may_edit_version
from registry.uploads.admission import unfinished
from registry.uploads.protocol import TusError, parse_metadata
from registry.uploads.storage import partial_files

FINISHING = "finish_uploads"
"""The kind of job that makes files of a version's complete uploads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedUpload:
    """An upload under way as pages show it: `offset` of `size` bytes have arrived.

    `modified` is the file's time of change as the client gave it, "" if it gave none. `direct_url` is where parts past
    the portal are asked for, "" for an upload by tus. A POST to `retry_url` finishes once more what has arrived whole.
    """

    url: str
    direct_url: str
    path: str
    size: int
    offset: int
    modified: str
    remove_url: str
    retry_url: str

    @property
    def is_complete(self) -> bool:
        """Whether only the portal's own work is left."""
        return self.offset == self.size


def upload_of(*, account: Account, upload_id: str) -> Upload:
    """The account's upload with this id. Another's is as unknown as none; 410 once it has expired."""
    try:
        key = UUID(upload_id)
    except ValueError:
        raise NotFoundError("upload.unknown") from None
    found = Upload.objects.select_related("version__registered_model", "owner").filter(pk=key, owner=account).first()
    if found is None or not may_edit_version(account, found.version):
        raise NotFoundError("upload.unknown")
    if found.expires_at <= timezone.now():
        raise TusError("upload.expired", status=410)
    return found


def check_here(upload: Upload) -> None:
    """`TransientError` if its bytes lie in the folder of another machine: here, its offset would be a lie."""
    if upload.folder and not upload.sha256 and upload.folder != partial_files().folder_id:
        raise TransientError("upload.elsewhere")


def uploads_elsewhere() -> int:
    """How many unfinished uploads have their bytes in folders that this machine does not see."""
    here = ("", partial_files().folder_id)
    return unfinished().filter(sha256="", direct_session="").exclude(folder__in=here).count()


def offset_of(upload: Upload) -> int:
    """Bytes that have arrived and count."""
    if upload.sha256 or upload.direct_arrived:
        return upload.length
    if upload.direct_session:
        return 0  # the bucket knows; it is asked when the client says that all is there
    offset = partial_files().offset(upload.pk)
    # A file that is not there may have become a blob since the row was read: then everything has arrived.
    if not offset and Upload.objects.filter(pk=upload.pk).exclude(sha256="").exists():
        return upload.length
    return offset


def unfinished_uploads(*, version: ModelVersion) -> Sequence[UnfinishedUpload]:
    """The draft's unfinished uploads, oldest first."""
    return [
        UnfinishedUpload(
            url=reverse("registry:upload", args=[upload.pk]),
            direct_url=reverse("api:upload", args=[upload.pk]) if upload.direct_session else "",
            path=upload.path,
            size=upload.length,
            offset=offset_of(upload),
            modified=parse_metadata(upload.metadata).get("modified", b"").decode(errors="replace"),
            remove_url=reverse("registry:upload_cancel", args=[version.pk, upload.pk]),
            retry_url=reverse("registry:upload_retry", args=[version.pk, upload.pk]),
        )
        for upload in unfinished().filter(version=version)
    ]


def finishing_job(version: ModelVersion) -> Job | None:
    """The work on the version's complete uploads; None if there never was any."""
    return Job.objects.filter(kind=FINISHING, subject_id=version.pk).first()


def takes_direct_uploads() -> bool:
    """Whether files may be sent past the portal, to the content store's bucket."""
    return direct_uploads() is not None
